"""Two looks at a running tree → what it is in, and the threads that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.model import Standstill

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from startlab.model import (
        Grade,
        Look,
        Outside,
        SeenThread,
        StandstillKind,
        TreeThread,
    )

    Id = tuple[int, int]

BUSY_SHARE: Final = 0.4
"""Of the time between the looks in which it could run: what computes runs in about all of it."""

ENOUGH_S: Final = 0.02
"""Whoever ran for less between the looks may just have woken, where others take all processors."""

STILL_S: Final = 10.0
"""For how long a wait for the outside may last before the tree is said to stand still."""

_IDLE: Final = frozenset({"listener", "unix listener"})
"""What waits for work that may come, and hangs on nothing."""

_ORDER: Final = (
    "file lock", "backlog", "tcp", "lock", "child", "fifo", "fifo to open", "pipe", "unix", "udp",
    "terminal", "semaphore", "futex", "system v", "socket", "device", "descriptor", "file",
    "listener", "unix listener",
)  # fmt: skip
"""What is told first where several things are waited for."""

_BY_GRADE: Final[Mapping[Grade, StandstillKind]] = {"stuck": "stuck", "busy": "busy"}
"""What a tree is in that was watched: not all of it waits, but what lives changes nothing."""

STOPPED: Final = frozenset("Tt")
"""The states of a thread that a signal or a debugger has stopped."""


def hangs(verdict: Standstill, still_s: float = STILL_S) -> bool:
    """Tell whether a tree does not go on, as the exit status has it."""
    if verdict.kind == "outside":
        return (verdict.age_s or 0.0) >= still_s
    return verdict.kind in ("deadlock", "stuck", "part", "stopped") or verdict.grade == "busy"


def classify(look: Look) -> Standstill:
    """Tell what a tree is in."""
    return _Tree(look).classify()


class _Tree:
    def __init__(self, look: Look) -> None:
        self._look = look
        self._seen: dict[Id, SeenThread] = {(each.pid, each.tid): each for each in look.seen}
        self._threads: dict[Id, TreeThread] = {
            (process.pid, thread.tid): thread
            for process in look.processes
            for thread in process.threads
        }
        self._by_pid: dict[int, list[Id]] = {}
        for each in self._threads:
            self._by_pid.setdefault(each[0], []).append(each)

    def classify(self) -> Standstill:
        stopped = [each for each, thread in self._threads.items() if thread.state in STOPPED]
        if stopped:
            return Standstill(kind="stopped", leaf=stopped[0], ring=tuple(stopped))
        dead = [each for each, seen in self._seen.items() if seen.dead]
        first = self._first()
        living = [each for each in self._threads if each not in dead]
        if dead and not living:
            return self._hang("deadlock", dead, ())
        grade = self._look.grade
        if grade is not None:
            rounds = [each for each in self._threads if self._goes_round(each)]
            waiting = [each for each in self._threads if each not in rounds]
            kind = _BY_GRADE.get(grade, "deadlock")
            if kind == "busy" and first in waiting and all(map(self._is_of_pool, rounds)):
                kind = "stuck"  # it spins because the program waits, and not the other way round
            return self._hang(kind, waiting, rounds)
        if dead:
            return self._hang("stuck" if first in dead else "part", dead, living)
        locked = [each for each, seen in self._seen.items() if seen.locked]
        if locked:
            resting = [each for each in self._threads if self._ticks(each) or self._listens(each)]
            return self._hang("stuck" if first in locked else "part", locked, resting)
        return self._living()

    def _hang(self, kind: StandstillKind, dead: Sequence[Id], living: Sequence[Id]) -> Standstill:
        return Standstill(
            kind=kind,
            ring=self._ring() or tuple(dead[:1]),
            living=tuple(living),
            leaf=max(living, key=self._share) if kind == "busy" else None,
            age_s=self._age(dead),
            grade=self._look.grade,
        )

    def _ring(self) -> tuple[Id, ...]:
        """Tell who waits for whom, without those that wait for work as long as they live."""
        ring = self._look.ring
        told = [each for each in ring if not (self._goes_round(each) or self._serves(each))]
        return tuple(told) or ring

    def _goes_round(self, each: Id) -> bool:
        wait = self._threads[each].wait
        return wait.rounds or wait.poller

    def _is_of_pool(self, each: Id) -> bool:
        """Tell whether a thread is a pool's that looks for workers that have ended."""
        return any(
            frame.file.endswith("multiprocessing/pool.py")
            and frame.function.rpartition(".")[2] == "_handle_workers"
            for frame in self._threads[each].stack
        )

    def _serves(self, each: Id) -> bool:
        return self._threads[each].wait.kind == "connection"

    def _first(self) -> Id:
        return (self._look.top, self._look.top)

    def _age(self, threads: Iterable[Id]) -> float | None:
        """Tell for how long all of some threads have not run."""
        ages = [self._seen[each].still_s for each in threads]
        return min((age for age in ages if age is not None), default=None)

    def _living(self) -> Standstill:
        """Tell what a tree is in of which every thread may go on."""
        busy = [each for each in self._threads if self._share(each) >= BUSY_SHARE]
        if busy:
            return Standstill(kind="busy", leaf=max(busy, key=self._share), living=tuple(busy))
        moved = [each for each, seen in self._seen.items() if seen.moved]
        working = [each for each in moved if not self._ticks(each)]
        near = self._near()
        told = self._outside(near) or (None if working else self._outside(self._threads))
        if told is not None:
            leaf, outside = told
            return Standstill(
                kind="outside", leaf=leaf, outside=outside, living=tuple(moved),
                age_s=self._since(leaf, outside),
            )  # fmt: skip
        waking = next((each for each in near if self._ticks(each)), near[-1] if near else None)
        return Standstill(kind="alive", living=tuple(moved), leaf=waking)

    def _share(self, each: Id) -> float:
        seen = self._seen[each]
        others_s = seen.queued_s if seen.ran_s >= ENOUGH_S else 0.0
        return seen.ran_s / max(self._look.apart_s - others_s, seen.ran_s, 1e-3)

    def _ticks(self, each: Id) -> bool:
        """Tell whether a thread only wakes by the clock."""
        return self._threads[each].wait.timed

    def _listens(self, each: Id) -> bool:
        """Tell whether a thread waits for a signal."""
        return self._threads[each].wait.kind == "signal"

    def _near(self) -> list[Id]:
        """List the threads that the first one waits for, directly or not, nearest first."""
        found = [each for each in [self._first()] if each in self._threads]
        for each in found:
            for pid in self._threads[each].waits_for:
                found += [other for other in self._by_pid.get(pid, ()) if other not in found]
        return found

    def _outside(self, threads: Iterable[Id]) -> tuple[Id, Outside] | None:
        """Find what outside is waited for, that explains most; nothing that waits for work does."""
        found = [
            (_ORDER.index(outside.kind), -(self._seen[each].still_s or 0.0), each, outside)
            for each in threads
            if not self._seen[each].moved
            for outside in self._threads[each].outside
            if outside.kind not in _IDLE and not self._is_own(each, outside)
        ]
        if not found:
            return None
        _, _, each, outside = min(found, key=lambda one: one[:3])
        return each, outside

    def _is_own(self, each: Id, outside: Outside) -> bool:
        """Tell whether it is not the outside at all that a thread waits for, but its own tree."""
        thread = self._threads[each]
        holders = [holder.pid for holder in outside.holders]
        if outside.kind == "child" and holders:
            return all(pid in self._by_pid for pid in holders)
        if outside.kind == "fifo":  # any process may open it, but one that has it may act
            having = [each for pid in holders for each in self._by_pid.get(pid, ())]
            return any(self._seen[each].moved or self._ticks(each) for each in having)
        return (
            outside.kind in ("pipe", "unix", "tcp", "child", "socket")
            and not outside.holders
            and bool(thread.waits_for)
        )

    def _since(self, leaf: Id, outside: Outside) -> float | None:
        still_s = self._seen[leaf].still_s
        if still_s is not None and self._ticks(leaf) and outside.silent_s is not None:
            return outside.silent_s
        return still_s

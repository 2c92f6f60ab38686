"""Two looks at a tree of processes, and all that was seen of it, as one JSON document.

Nothing is stopped, and no signal is sent. Only with `asks` a thread of each process that sleeps is
stopped for a moment, to be asked for timers that /proc does not show.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Set, Tuple

assert sys.platform == "linux"

from ..proof import Members, Prover, Rounds, deadlock, holders_of, partial, procfs
from ..proof.facts import Obstacle, Verdict, Waiting, plain
from ..proof.handlers import only_print, takes_by_with
from ..proof.procfs import Moved
from ..proof.rounds import ROUNDS, shown_by
from ..proof.scene import own_signals
from ..stacks import TRY_S, Frame, Stack, own_frames, server, stacks, stacks_in_motion
from . import clocks, told, tree

Id = Tuple[int, int]

APART_S = 0.5
SHARE = 0.5  # of a core, while it watches: that is soon over
NEVER = (0.0, 0.0)
MOST_STACKS = 60  # processes
STACKS_S = 10.0
_LOOKS_APART_S = 0.05
_IDLE = ("threading.py", "queue.py")
_CLONE_NEWNET = 0x40000000


class Refused(Exception):  # noqa: N818 - a finding
    """Why a tree cannot be looked at: `kind` says in what way, of which process."""

    def __init__(self, kind: str, pid: int = 0, error: str = "") -> None:
        super().__init__(kind)
        self.kind, self.pid, self.error = kind, pid, error


class Seen(NamedTuple):
    """What both looks together tell of a thread.

    `still_s` is how long it has not run, `ran_s` how long it ran between the looks, and `queued_s`
    how long it waited then for a processor. `dead`: it can never run again. `locked`: it waits for
    a lock in the program's own code, and what lives went round by the clock, again and again, and
    did nothing about it.
    """

    pid: int
    tid: int
    still_s: Optional[float]
    ran_s: float
    queued_s: float
    moved: bool
    dead: bool
    locked: bool


def main(py_spy: str) -> None:
    """Read what is asked, a line of JSON, and write what was seen."""
    asked = json.loads(sys.stdin.readline())
    try:
        document = look(asked, py_spy)
    except Refused as refusal:
        document = {"refused": {"kind": refusal.kind, "pid": refusal.pid, "error": refusal.error}}
    json.dump(document, sys.stdout)


def look(asked: Dict[str, Any], py_spy: str) -> Dict[str, Any]:
    """Look twice at the tree around the processes that are asked for."""
    pids = tree.find(asked["pids"])
    missing = [pid for pid in asked["pids"] if pid not in pids or tree.has_ended(pid)]
    if missing:
        raise Refused("no such process", missing[0])
    for pid in asked["pids"]:
        _check_rights(pid)  # without them, nothing tells what it runs
    if not any(map(tree.is_python, pids)):
        raise Refused("no python", pids[0])
    for pid in pids:
        _check_rights(pid)
    network = _enter_network(pids[0])
    members = Members(pids, inclusive=True, without=tree.observers())
    prover = Prover(members, py_spy, asks=asked["asks"], share=SHARE)
    try:
        reader = py_spy if asked["stacks"] else None
        looks = _Looks(prover, pids[0], reader, asked["patience_s"])
        return {**looks.document(), "network": network}
    except (Moved, FileNotFoundError, ProcessLookupError):  # processes have ended meanwhile
        raise Refused("moved") from None


def _check_rights(pid: int) -> None:
    """See that a process may be looked into."""
    try:
        if procfs.stat(pid).state not in "ZX":
            procfs.call(pid, pid)
            os.readlink(f"/proc/{pid}/exe")
            os.listdir(f"/proc/{pid}/fd")
    except PermissionError as error:
        if procfs.stat(pid).state not in "ZX":
            raise Refused("not allowed", pid, str(error.strerror)) from error
    except OSError:
        pass  # it has ended meanwhile


def _enter_network(pid: int) -> bool:
    """Join the network namespace of the tree: only there its sockets can be asked for.

    Where that may not be done, those within the tree cannot be told from those to the outside.
    """
    theirs = procfs.namespaces(pid, pid)[1]
    if theirs == procfs.namespaces(os.getpid(), os.getpid())[1]:
        return True
    fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        joined: int = ctypes.CDLL(None).setns(fd, _CLONE_NEWNET)
    finally:
        os.close(fd)
    return joined == 0


class _Looks:
    """Two looks at a tree of which `top` is the first process, and its stacks in between.

    `py_spy` is the path of that program, empty if there is none, and None to read no stacks.
    """

    def __init__(self, prover: Prover, top: int, py_spy: Optional[str], patience_s: float) -> None:
        self._prover = prover
        self._top = top
        self._py_spy = py_spy
        self._patience_s = patience_s
        self._began = time.monotonic()
        self._first = partial.look(prover, around=False)
        scheduled_s = _scheduled_s(self._first)
        self._found = self._stacks(py_spy) if py_spy is not None else {}
        self._by_thread = told.by_thread(self._first, self._found)
        time.sleep(max(0.0, self._began + APART_S - time.monotonic()))
        self._verdict = self._watch()
        self._second = partial.look(prover, idle=self._idle())
        self._apart_s = time.monotonic() - self._began
        self._seen = self._both(scheduled_s)

    def document(self) -> Dict[str, Any]:
        """Tell all that was seen."""
        waiting = self._waiting()
        processes = told.processes(self._second, self._found, self._by_thread, waiting)
        assumed = set(self._verdict.assumptions) if self._verdict else set()
        return {
            "kernel": os.uname().release,
            "began_s": time.time() - self._apart_s,
            "apart_s": self._apart_s,
            "cpu_s": time.process_time(),
            "children_cpu_s": sum(os.times()[2:4]),
            "asked_timers": self._prover.asks,
            "processes": processes,
            "seen": plain(self._seen),
            "ring": plain(self._ring(waiting)),
            "grade": self._verdict.grade if self._verdict else None,
            "assumptions": sorted(self._second.assumed | assumed),
            "sources": told.sources(self._second, self._found),
            "top": self._top,
        }

    # --- between the looks -----------------------------------------------------------------

    def _stacks(self, py_spy: str) -> Dict[int, List[Stack]]:
        found: Dict[int, List[Stack]] = {}
        deadline = time.monotonic() + STACKS_S
        running = {pid for (pid, _), why in self._first.may_wake.items() if why.kind == "running"}
        alive = [each.stat.pid for each in self._first.snapshot if each.threads]
        for pid in [pid for pid in alive if tree.is_python(pid)][:MOST_STACKS]:
            if time.monotonic() > deadline:
                break
            if pid in running:
                found[pid] = stacks_in_motion(py_spy, pid, time.monotonic() + TRY_S)
            else:
                found[pid] = stacks(py_spy, pid)
        return found

    def _watch(self) -> Optional[Verdict]:
        """Watch on for a while, where only threads that go round by the clock may be alive.

        Whether something comes of a round, only several show.
        """
        living = self._first.may_wake
        if (self._top, self._top) in self._first.dead:
            return None  # it hangs, whatever the others do
        if not living or not all(map(_goes_round, living.values())):
            return None
        if not (
            self._in_loops({pid for pid, _ in living})
            or any(map(self._locked, self._first.dormant))
        ):
            return None
        rounds = Rounds(self._prover, self._py_spy, SHARE)
        deadline = time.monotonic() + self._patience_s
        while time.monotonic() < deadline:
            verdict = self._prover.look() or rounds.look()
            if verdict is not None:
                return verdict
            time.sleep(_LOOKS_APART_S)
        return None

    def _in_loops(self, pids: Set[int]) -> bool:
        """Whether each thread of some processes that lives may be in a loop that changes nothing.

        Which stack is whose is not always known: as many must show one.
        """
        for pid in pids:
            folder = told.link(f"/proc/{pid}/cwd")
            loops = [each for each in self._found.get(pid, ()) if shown_by(each, folder)]
            if len(loops) < sum(pid == of for of, _ in self._first.may_wake):
                return False
        return True

    def _locked(self, each: Id) -> bool:
        """Whether a thread waits for a lock at a line of the program, and not for work.

        Whoever waits in `queue.get` or `event.wait` may just be idle.
        """
        bond, stack = self._first.bonds.get(each), self._by_thread.get(each)
        return (
            each not in self._first.may_wake
            and bond is not None
            and bond.wait.kind == "lock"
            and stack is not None
            and bool(stack.frames)
            and told.is_own(stack.frames[0].file)
        )

    def _idle(self) -> FrozenSet[Id]:
        """Give the threads that wait for others, in a wait that a line of the program calls.

        That is for an Event, an item of a queue, or the end of a thread: a handler may bring it,
        unless by its source it only prints.
        """
        caught = {each: thread.caught for each, thread in _threads(self._first).items()}
        found = set()
        for each, stack in self._by_thread.items():
            own = [frame for frame in stack.frames if told.is_own(frame.file)]
            calls = next((frame for frame in stack.frames if not _is_idle(frame)), None)
            if (
                own
                and calls is own[0]  # a library that waits so has no handler for it
                and calls is not stack.frames[0]
                and not only_print(_path(each[0], own[-1]), own_signals(caught[each]))
            ):
                found.add(each)
        return frozenset(found)

    # --- both looks together ---------------------------------------------------------------

    def _both(self, scheduled_s: Dict[Id, Tuple[float, float]]) -> List[Seen]:
        first, second = _threads(self._first), _threads(self._second)
        now_s = _scheduled_s(self._second)
        still_s = clocks.still_s(second)
        locked = self._all_locked(first, second)
        found = []
        for each, thread in second.items():
            moved = first.get(each) != thread
            still = still_s.get(each)
            if still is not None and not moved:
                still = max(still, self._apart_s)
            spans = zip(scheduled_s.get(each, NEVER), now_s.get(each, NEVER))  # noqa: B905 - not in 3.8
            ran, queued = (max(0.0, now - before) for before, now in spans)
            dead = each in self._second.dead and not moved
            found.append(Seen(*each, still, ran, queued, moved, dead, each in locked and not moved))
        return found

    def _all_locked(
        self, first: Dict[Id, procfs.Thread], second: Dict[Id, procfs.Thread]
    ) -> Set[Id]:
        """Give the threads that wait for a lock, while what lives did nothing about it.

        That is, it went round by the clock often enough, or waits for a signal, whose handler
        releases no lock that a `with` takes.
        """
        may_wake = self._second.may_wake
        resting = self._second.dormant & may_wake.keys()
        rounds = [
            second[each].voluntary - first[each].voluntary if each in first else 0
            for each in resting
            if may_wake[each].timed
        ]
        if not resting or min(rounds, default=ROUNDS) < ROUNDS:
            return set()
        locked = set(filter(self._locked, self._second.dormant & first.keys()))
        if len(rounds) < len(resting):
            return set(filter(self._is_guarded, locked))
        return locked

    def _is_guarded(self, each: Id) -> bool:
        """Whether a thread waits for a lock that it takes by `with`."""
        frame = self._by_thread[each].frames[0]
        return takes_by_with(_path(each[0], frame), frame.line)

    def _waiting(self) -> Dict[Id, Waiting]:
        """Tell what each thread waits for, and of a tree that hangs who has the locks."""
        waiting = told.waiting(self._second)
        if self._verdict is not None:
            waiting.update({(each.pid, each.tid): each for each in self._verdict.threads})
        if not (self._verdict or any(each.dead or each.locked for each in self._seen)):
            return waiting
        idents = {
            (pid, each.ident): tid for (pid, tid), each in self._by_thread.items() if each.ident
        }
        parents = {each.stat.pid: each.stat.parent for each in self._second.snapshot}
        held = holders_of(list(waiting.values()), idents, {}, parents)
        for each, by in held.items():
            waiting[each] = waiting[each]._replace(wait=waiting[each].wait._replace(held=by))
        return waiting

    def _ring(self, waiting: Dict[Id, Waiting]) -> Tuple[Id, ...]:
        """Give the threads that wait for one another, of those that can never run again."""
        if self._verdict is not None:
            hung = [(each.pid, each.tid) for each in self._verdict.threads]
        else:
            hung = [(each.pid, each.tid) for each in self._seen if each.dead or each.locked]
        own = [
            each
            for each, stack in self._by_thread.items()
            if any(told.is_own(frame.file) for frame in own_frames(stack))
        ]
        servers = [pid for pid, mine in self._found.items() if server(mine)]
        return deadlock.find([waiting[each] for each in hung], own, servers)


def _path(pid: int, frame: Frame) -> str:
    """Give the path of a frame's file, as a process has it."""
    path = os.path.normpath(os.path.join(told.link(f"/proc/{pid}/cwd"), frame.file))
    return f"/proc/{pid}/root{path}"


def _is_idle(frame: Frame) -> bool:
    """Whether a frame is of a wait in which a thread of the standard library's may be idle."""
    return os.path.basename(frame.file) in _IDLE and not told.is_own(frame.file)


def _goes_round(why: Obstacle) -> bool:
    """Whether a thread may go on by no more than the clock, or by what it computes."""
    return why.timed or why.kind == "running"


def _threads(seen: partial.Partial) -> Dict[Id, procfs.Thread]:
    return {(each.pid, each.tid): each for process in seen.snapshot for each in process.threads}


def _scheduled_s(seen: partial.Partial) -> Dict[Id, Tuple[float, float]]:
    found = {}
    for each in _threads(seen):
        try:
            found[each] = procfs.scheduled_s(*each)
        except (OSError, ValueError):
            continue
    return found

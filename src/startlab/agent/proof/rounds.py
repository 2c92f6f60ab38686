"""A job of which some threads go round forever, and nothing comes of it.

It is as a proof, but for threads that wake by the clock, or never sleep. Each must have gone round
often enough while nothing else of the job moved, and its Python stack must show, at several dumps,
the same loop each time:

- a loop of the standard library that changes nothing (see `pollers`), or one of the program that
  by its source only asks, sleeps and prints (see `loops`). Then the whole job is at rest.
- a `while` of the program that calls what is not known, in a process that the program's first
  thread does not wait for, not even through others. It could only end or signal a process. By the
  names of what it calls it does not; it is watched for longer.

That is no proof. A thread in one long sleep has not gone round, and is waited for.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Dict, List, Optional, Set

assert sys.platform == "linux"

from ..stacks import Stack, is_whole, stack_of, stacks
from . import fixpoint, procfs
from .facts import Obstacle, Verdict, Wait, Waiting
from .loops import Round, own_place, round_of
from .outsiders import MayWake
from .pollers import is_poller, is_spinner
from .procfs import Moved
from .prover import Prover, all_threads, oldest_first, restless_of, settled, waiting_of
from .scene import BY_NAME

if TYPE_CHECKING:
    from .scene import Bond, Scene, Snapshot

EVERY_S = 0.2
STILL_S = 2.0
SPINNING_STILL_S = 3.0
UNKNOWN_STILL_S = 6.0
ROUNDS = 5
DUMPS = 5
_SPUN_S = 0.3
_SHARE = 0.02  # of a core, without the dumps
_FIRST_PAUSE_S = 0.3  # a thread that just wakes looks as one that may do anything
_LONGEST_PAUSE_S = 8.0

_LIBRARY = Round("", 0, harmless=True)


class _Watched:
    """A job of which only the `restless` threads have moved since; and what their dumps showed."""

    def __init__(self, snapshot: Snapshot, restless: List[procfs.Thread]) -> None:
        self.since = time.monotonic()
        self.began = {thread.tid: (thread.voluntary, _ran_s(thread)) for thread in restless}
        self.at_rest = settled(snapshot, set(self.began))
        self.shown: Dict[int, Round] = {}
        self.dumps = 0

    def is_still(self, snapshot: Snapshot, restless: List[procfs.Thread]) -> bool:
        ours = {thread.tid for thread in restless}
        return ours == self.began.keys() and settled(snapshot, ours) == self.at_rest

    def rounds(self, thread: procfs.Thread) -> int:
        return thread.voluntary - self.began[thread.tid][0]

    def spins(self, thread: procfs.Thread) -> bool:
        return _ran_s(thread) - self.began[thread.tid][1] >= _SPUN_S


class Rounds:
    """Looks at a job now and then, as long as there is no proof."""

    def __init__(self, prover: Prover, py_spy: Optional[str], share: float = _SHARE) -> None:
        self._share = share
        self._prover = prover
        self._py_spy = py_spy
        self._watched: Optional[_Watched] = None
        self._next = time.monotonic() + EVERY_S
        self._pause_s = _FIRST_PAUSE_S

    def look(self) -> Optional[Verdict]:
        """Take one look, if it is time; give the verdict, `stuck` or `busy`."""
        if self._py_spy is None or time.monotonic() < self._next:
            return None
        began = time.thread_time()
        pause_s = 0.0
        try:
            return self._look(self._py_spy)
        except MayWake:
            pass  # by something that the prover names as the blocker
        except _Refuted:
            # One dump in twenty is torn: a loop that was seen before is looked at again at once.
            if self._watched is None or not 0 < self._watched.dumps < DUMPS:
                pause_s = self._pause_s
                self._pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        except (Moved, OSError, ValueError, IndexError):
            pass
        finally:
            used_s = time.thread_time() - began
            self._next = time.monotonic() + max(EVERY_S, pause_s, used_s / self._share)
        return None

    def _look(self, py_spy: str) -> Optional[Verdict]:
        snapshot = self._prover.snapshot(patient=True, first=True)
        restless = restless_of(snapshot)
        watched = self._watched
        if watched is None or not watched.is_still(snapshot, restless):
            self._watched = _Watched(snapshot, restless) if restless else None
            self._pause_s = _FIRST_PAUSE_S
            return None
        still_s = time.monotonic() - watched.since
        spinning = {thread.tid for thread in restless if watched.spins(thread)}
        enough_s = SPINNING_STILL_S if spinning else STILL_S
        if still_s < enough_s / 4 or not all(
            thread.tid in spinning or watched.rounds(thread) >= ROUNDS for thread in restless
        ):
            return None
        shown = self._rounds_of(py_spy, snapshot, restless)
        if shown is None:
            return None
        watched.dumps = watched.dumps + 1 if shown == watched.shown else 1
        watched.shown = shown
        unknown = [thread for thread in restless if not shown[thread.tid].harmless]
        if unknown and (
            still_s < UNKNOWN_STILL_S
            or any(watched.rounds(thread) < 2 * ROUNDS for thread in unknown)
        ):
            return None
        if any(thread.tid in spinning for thread in unknown):
            raise _Refuted  # it computes
        if still_s < enough_s or watched.dumps < DUMPS:
            return None
        try:
            return self._verdict(snapshot, restless, shown, spinning)
        except MayWake as found:
            raise _Refuted from found

    def _rounds_of(
        self, py_spy: str, snapshot: Snapshot, restless: List[procfs.Thread]
    ) -> Optional[Dict[int, Round]]:
        """Give the loop that each thread is in; None if a dump did not show one whole."""
        scene = self._prover.scene(snapshot)
        shown: Dict[int, Round] = {}
        for pid in sorted({thread.pid for thread in restless}):
            found = stacks(py_spy, pid)
            folder = os.readlink(f"/proc/{pid}/cwd")
            alone = len(scene.alive[pid].threads) == len(found) == 1
            for thread in restless:
                if thread.pid != pid:
                    continue
                stack = found[0] if alone else _stack_of(scene, thread, found)
                if stack is None or not is_whole(stack):
                    return None
                shown[thread.tid] = _round_of(stack, folder)
        return shown

    def _verdict(
        self,
        snapshot: Snapshot,
        restless: List[procfs.Thread],
        shown: Dict[int, Round],
        spinning: Set[int],
    ) -> Verdict:
        unknown = [thread for thread in restless if not shown[thread.tid].harmless]
        scene, bonds = self._prover.bonds(snapshot, restless, first=True)
        if BY_NAME in scene.assumed:
            raise _Refuted  # no verdict of this kind is to be one on an assumption that may fail
        known = [thread for thread in restless if thread not in unknown]
        asking = {thread.tid: scene.bond_but_for_the_clock(thread) for thread in known}
        for thread in known:
            scene.check_asked(thread)
        if unknown:
            _check_first_is_dead(scene, bonds, asking)
        refusals = self._prover.refusals(scene, bonds, restless, first=True)
        against = [each for each in refusals if not _is_unlikely(each, scene)]
        if against:
            raise MayWake(against[0])
        if refusals:
            scene.assumed.add("alarm")
        order = oldest_first(snapshot)
        return Verdict(
            grade="busy" if spinning else "stuck",
            loops=tuple(
                (thread.pid, thread.tid, f"{os.path.basename(found.path)}:{found.line}")
                for thread in restless
                for found in [shown[thread.tid]]
                if thread.tid in spinning and found.path
            ),
            threads=tuple(map(waiting_of, sorted(bonds, key=order)))
            + tuple(
                _goes_round(thread, asking.get(thread.tid), runs=thread.tid in spinning)
                for thread in restless
            ),
            assumptions=("signal", *sorted(scene.assumed)),
        )


class _Refuted(Exception):  # noqa: N818 - no error: a finding
    """A thread may do something else than go round."""


def _ran_s(thread: procfs.Thread) -> float:
    return procfs.ran_s(thread.pid, thread.tid)


def _stack_of(scene: Scene, thread: procfs.Thread, found: List[Stack]) -> Optional[Stack]:
    home = (0, 0) if scene.runs(thread) else scene.stack_of(thread)
    return stack_of(thread.tid, home, found, thread.pid)


def shown_by(stack: Stack, folder: str) -> Optional[Round]:
    """Give the loop that a stack shows a thread to be in; None where it may be about to act."""
    if is_poller(stack) or is_spinner(stack):
        return _LIBRARY
    place = own_place(stack, folder)
    return None if place is None else round_of(*place)


def _round_of(stack: Stack, folder: str) -> Round:
    found = shown_by(stack, folder)
    if found is None:
        raise _Refuted
    return found


def _check_first_is_dead(
    scene: Scene,
    bonds: List[Bond],
    asking: Dict[int, Optional[Bond]],
) -> None:
    """See that the program's first thread waits for none that may act, not even through others.

    What a thread asks about between its sleeps is not seen: it may be anything.
    """
    waiting = {
        (bond.thread.pid, bond.thread.tid): bond.wakers
        for bond in [*bonds, *filter(None, asking.values())]
    }
    first = min(
        scene.alive.values(), key=lambda each: (each.stat.parent in scene.alive, each.stat.started)
    ).stat.pid
    threads = [(each.pid, each.tid) for each in all_threads(scene.snapshot)]
    if (first, first) not in fixpoint.dead(waiting, threads):
        raise _Refuted


def _is_unlikely(refusal: Obstacle, scene: Scene) -> bool:
    """Whether it is an alarm of a process that has no handler for one, and could not be asked."""
    bit = 1 << signal.SIGALRM - 1
    return refusal.kind == "alarm unknown" and not any(
        thread.caught & bit for thread in scene.alive[refusal.pid].threads
    )


def _goes_round(thread: procfs.Thread, asks: Optional[Bond], *, runs: bool) -> Waiting:
    if runs or asks is None:
        return Waiting(thread.pid, thread.tid, Wait("running" if runs else "asleep", rounds=True))
    return Waiting(
        thread.pid, thread.tid, asks.wait._replace(rounds=True), tuple(sorted(asks.wakers))
    )

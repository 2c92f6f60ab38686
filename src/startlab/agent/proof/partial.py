"""What of a job can never go on, thread by thread, where parts of it may live.

The prover shows that a whole job is dead, and stops at the first thread that may live. Here each
thread is looked at, from the same scene: it waits for processes of the job, or may wake for a
reason. From that a greatest fixpoint tells which threads can never run again (see `fixpoint`).

What the kernel does not show without stopping a thread, an alarm, is assumed not to be there unless
it may be asked; the rest of what is assumed is as in a proof.
"""

from __future__ import annotations

import signal
import sys
import time
from typing import TYPE_CHECKING, Dict, FrozenSet, NamedTuple, Tuple

assert sys.platform == "linux"

from . import fixpoint, outsiders
from .facts import Obstacle, Wait
from .outsiders import MayWake
from .procfs import Moved
from .prover import all_threads, settled
from .scene import Bond, about, handles_signals

if TYPE_CHECKING:
    from . import procfs
    from .fixpoint import Id
    from .prover import Prover
    from .scene import Process, Snapshot

_TRIES = 5
_ALARM = 1 << signal.SIGALRM - 1
_SETTLE_S = 0.02  # for a thread that was asked to be asleep again


class Partial(NamedTuple):
    """A look at a job: what each thread is in, and which can never go on.

    `bonds` has what threads wait for that processes of the job could end; of a thread with a
    timeout, as if it had none. `may_wake` are those that may go on without them, and why; `outside`
    are processes outside that have what a thread waits for, and `ends` those of pipes and sockets
    that the job has. `dead` are threads that can never go on, and `dormant` those that could not
    either if threads that wait with a timeout did nothing but wait again, and no signal came.
    """

    snapshot: Snapshot
    bonds: Dict[Id, Bond]
    may_wake: Dict[Id, Obstacle]
    outside: Dict[Id, Tuple[Obstacle, ...]]
    dead: FrozenSet[Id]
    dormant: FrozenSet[Id]
    assumed: FrozenSet[str]
    ends: FrozenSet[Tuple[str, bool]]


def look(prover: Prover, *, around: bool = True, idle: FrozenSet[Id] = frozenset()) -> Partial:
    """Look at every thread of a job; raise Moved where processes come and go too fast.

    `around`: look at all processes outside, too. Without that it is no proof, and half the work.
    `idle`: threads that wait for what a signal's handler may bring, such as an Event.
    """
    for _ in range(_TRIES):
        try:
            return _Look(prover, idle, around=around).partial()
        except (OSError, ValueError, IndexError):  # a process has ended meanwhile
            continue
    raise Moved


def _by_the_clock(why: Obstacle) -> bool:
    return why.timed and why.kind == "call"


class _Look:
    def __init__(self, prover: Prover, idle: FrozenSet[Id], *, around: bool) -> None:
        self._prover = prover
        self._idle = idle
        self._around = around
        self._before = prover.survey(complete=around)
        self._scene = prover.scene(self._before)
        self._threads = [thread for process in self._before for thread in process.threads]
        self._bonds: Dict[Id, Bond] = {}
        self._may_wake: Dict[Id, Obstacle] = {}
        self._relied: Dict[Id, outsiders.Relied] = {}
        self._assumed = {"signal"}

    def partial(self) -> Partial:
        """Tell what was seen."""
        for thread in self._threads:
            self._see(thread)
        for process in self._before:
            self._see_process(process)
        outside = self._see_outside() if self._around else {}
        self._see_timers()
        return Partial(
            self._before,
            self._bonds,
            self._may_wake,
            outside,
            self._dead(resting=False),
            self._dead(resting=True),
            frozenset(self._assumed | self._scene.assumed),
            self._scene.ends,
        )

    def _dead(self, *, resting: bool) -> FrozenSet[Id]:
        waiting = {
            each: bond.wakers
            for each, bond in self._bonds.items()
            for why in [self._may_wake.get(each)]
            if why is None or (resting and (bond.wait.kind == "signal" or _by_the_clock(why)))
        }
        return fixpoint.dead(waiting, [(each.pid, each.tid) for each in self._threads])

    def _see(self, thread: procfs.Thread) -> None:
        """See what a thread waits for, and whether the clock could end that."""
        each = thread.pid, thread.tid
        self._relied[each] = outsiders.Relied.nothing()
        if self._scene.runs(thread):
            self._may_wake[each] = about("running", thread)
            return
        found, self._relied[each] = self._scene.alone(thread)
        if isinstance(found, Obstacle) and found.timed:
            self._may_wake[each] = found
            found, self._relied[each] = self._scene.alone(thread, timeout=False)
            if isinstance(found, Obstacle):
                found = found._replace(timed=True)
        if isinstance(found, Bond):
            if self._awaits_signals(thread, found):
                self._may_wake[each] = about("waits for signal", thread)
                found = found._replace(wait=Wait("signal"), wakers=frozenset())
            self._bonds[each] = found
        # A poll of nothing, with a timeout, is a sleep.
        elif not (found.timed and found.kind == "waits for signal"):
            self._may_wake[each] = found

    def _awaits_signals(self, thread: procfs.Thread, bond: Bond) -> bool:
        """Whether a process's first thread waits for no more than a signal that it handles.

        A daemon at rest is in a poll of what only it could make ready itself, as its handlers do,
        or in the wait for an Event, a queue or a thread.
        """
        to_itself = bond.wait.kind == "poll" and bond.wakers <= {thread.pid}
        return (
            thread.tid == thread.pid
            and handles_signals(thread)
            and (to_itself or (thread.pid, thread.tid) in self._idle)
        )

    def _see_process(self, process: Process) -> None:
        """See what about a process may wake any thread of it."""
        if not process.threads:
            return
        try:
            self._scene.check_itself(process)
        except MayWake as reason:
            for thread in process.threads:
                self._may_wake.setdefault((thread.pid, thread.tid), reason.obstacle)

    def _see_outside(self) -> Dict[Id, Tuple[Obstacle, ...]]:
        """See who outside has what threads wait for."""
        relied = self._scene.relied
        job = {process.stat.pid for process in self._before}
        holders = outsiders.holders(relied, job) if relied.any() else []
        if relied.any():
            self._assumed.update(("unreadable", "opened later", "replaced", "under way", "wanders"))
        outside = {}
        for each, mine in self._relied.items():
            having = tuple(holder.obstacle for holder in holders if mine.has(holder.key))
            if having:
                outside[each] = having
                known = self._may_wake.get(each)
                if known is None or known.timed:
                    self._may_wake[each] = having[0]._replace(timed=known is not None)
        return outside

    def _see_timers(self) -> None:
        """See which processes have timers that /proc does not show, and whether a thread has run.

        To be asked takes a thread some switches.
        """
        bonds = [bond for each, bond in self._bonds.items() if each not in self._may_wake]
        expected, asked = self._before, frozenset()  # type: Tuple[Snapshot, FrozenSet[int]]
        refusals: Tuple[Obstacle, ...] = ()
        try:
            if self._around:
                expected, asked, refusals = self._prover.ask(self._scene, bonds, set())
        except MayWake as reason:
            refusals = (reason.obstacle,)
        if asked:
            time.sleep(_SETTLE_S)
        for refusal in refusals:
            mine = [thread for thread in self._threads if thread.pid == refusal.pid]
            if refusal.kind == "alarm unknown" and not any(t.caught & _ALARM for t in mine):
                self._assumed.add("alarm")  # whoever arms one without a handler wants to be ended
                continue
            for thread in mine:
                self._may_wake.setdefault((thread.pid, thread.tid), refusal)
        now = set(all_threads(settled(self._prover.survey(complete=self._around), set(), asked)))
        for thread in all_threads(settled(expected, set(), asked)):
            if thread not in now:
                self._may_wake.setdefault((thread.pid, thread.tid), about("running", thread))

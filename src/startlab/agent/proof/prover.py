"""Show that no thread of a job can ever run again, from what the kernel shows of it.

The claim is about the whole job: every thread of every process sleeps in a system call without a
timeout, and nothing but another thread of the job could end that sleep. Then nobody is left to
wake anybody. It is shown in this order:

1. `before`: each thread's system call with stack pointer and program counter, its context
   switches, state and signals. The first thread that may wake ends the look; most looks end here.
2. What the calls wait for: descriptors, memory maps, sockets.
3. `after` = `before`: no thread has run since, so 2 saw a system at rest, like a seqlock's reader.
4. Nobody outside the job holds what the job waits for (see `outsiders`), and no process has armed
   a timer.
5. `finally` = `before`, but for the switches that asking for the timers took.

Threads that do not sleep forever, but only poll, as their Python stacks show, are let pass: then
the grade is `proven-given-pollers` (see `pollers`).

What a proof assumes, where it matters, is said in the verdict.
"""

from __future__ import annotations

import functools
import platform
import shutil
import signal
import subprocess
import sys
import time
from typing import (
    TYPE_CHECKING,
    Callable,
    Dict,
    FrozenSet,
    Iterable,
    Iterator,
    List,
    Optional,
    Set,
    Tuple,
)

assert sys.platform == "linux"

from . import outsiders, pollers, procfs, ptrace, waits
from .facts import Obstacle, Verdict, Wait, Waiting
from .outsiders import MayWake
from .procfs import Moved
from .scene import BY_NAME, Bond, Process, Scene, Snapshot, about, open_call

if TYPE_CHECKING:
    from .members import Members

POLLERS_APART_S = 1.1  # a manager's server looks once a second
BY_NAME_STILL_S = 3.0  # who knows the name of what the job waits for would mostly have come by then
_ROUND_S = 0.1  # a pool's thread that spins takes 0.1 ms for a round
_FIRST_DUMP_S = 0.2
_LONGEST_PAUSE_S = 8.0
_SETTLE_S = 0.1
_UNDER_WAY_S = 0.2
_SHARE = 0.03  # of a core
_MOST_CREDIT_S = 0.1
_HARMLESS, _NEVER = 2, 6  # ranks of the threads that may be asked
_PEEKS = 20  # its number may be another's by now: every so often all are looked at


class SecondLook(Moved):
    """Nothing may wake the job but what is seen not to at a second look, which is due."""


class Prover:
    """Looks at the members of a job: all below an agent, a subreaper, or a tree that was found.

    `asks` allows to stop a thread for a moment, to ask its process for timers (see `ptrace`).
    `share`, of a core, is how much looking may cost. `py_spy` is the path of that program, empty if
    there is none; with None no stacks are read, and so the standard library's own pollers are not
    told from threads that will do something.
    `since` is when the job began, if that is known (see `Scene`). The thread that calls `look` must
    be the only one of the agent that waits for children.
    """

    def __init__(
        self,
        members: Members,
        py_spy: Optional[str] = None,
        *,
        asks: bool = True,
        share: float = _SHARE,
        since: Optional[float] = None,
    ) -> None:
        self.blocker: Optional[Obstacle] = None
        self._since = since
        self._share = share
        self._members = members
        self.asks = asks
        self._py_spy = py_spy
        self._machine = platform.machine()
        self._suspect: Optional[Tuple[int, int]] = None
        self._peeks = 0
        self._credit_s = _MOST_CREDIT_S
        self._looked_at = time.monotonic()
        self._refuted: Tuple[Snapshot, Obstacle, float, float] = ((), Obstacle("moved"), 0.0, 0.0)
        self._dump_at = time.monotonic() + _FIRST_DUMP_S
        self._dump_pause = _FIRST_DUMP_S
        self._timed_sockets: Set[str] = set()
        self._after_asking: Optional[Snapshot] = None
        self._under_way: Tuple[Snapshot, FrozenSet[str]] = ((), frozenset())
        self._polled: Tuple[Snapshot, float, Dict[int, float]] = ((), 0.0, {})
        self._still: Tuple[Snapshot, float] = ((), 0.0)

    @staticmethod
    def available() -> Optional[Obstacle]:
        """Tell why nothing can be proven here, or None; costs the start of two programs, once."""
        if sys.platform != "linux":
            return Obstacle("platform")
        if platform.machine() not in waits.NAMES:
            return Obstacle("machine", name=platform.machine())
        ptrace.works()  # remembered: the first proof need not wait for it
        return _try_out()

    def look(self) -> Optional[Verdict]:
        """Take one look; give the proof, or None and say in `blocker` who may wake.

        Looks that would take more than its share of a core in the long run are left out.
        """
        now = time.monotonic()
        self._credit_s += self._share * (now - self._looked_at)
        self._credit_s, self._looked_at = min(self._credit_s, _MOST_CREDIT_S), now
        if self._credit_s < 0:
            return None
        began = time.thread_time()
        try:
            return self._look()
        except MayWake as reason:
            self.blocker = reason.obstacle
        except (Moved, OSError, ValueError, IndexError) as change:
            # A file of /proc that is gone, closed or half empty belongs to one that ends.
            self._suspect = None
            second = isinstance(change, SecondLook)
            self.blocker = Obstacle("second look" if second else "moved")
        finally:
            self._credit_s -= time.thread_time() - began
        return None

    def waits(self) -> Tuple[Waiting, ...]:
        """Tell of every thread what it is in now, without proving anything."""
        seen = self.survey()
        return tuple(self._described(seen, all_threads(seen)))

    def stuck(self) -> Dict[int, Tuple[Process, Tuple[Waiting, ...]]]:
        """Find the processes of which every thread waits for a lock of that process alone.

        One that is found the same twice is in a deadlock of its own, while others may go on. Most
        processes are told by their first thread not to be such, for the price of one small file.
        """
        found = {}
        for pid in self._members.pids():
            try:
                if self._waits_for_a_lock(pid):
                    process = self._seen(pid)
                    waiting = tuple(self._described((process,), process.threads))
                    if all(each.wait.kind == "lock" for each in waiting):
                        found[pid] = process, waiting
            except OSError:  # it ends
                continue
        return found

    def _waits_for_a_lock(self, pid: int) -> bool:
        call = waits.parse(procfs.call(pid, pid))
        return call is not None and isinstance(waits.decode(call, self._machine), waits.Lock)

    def survey(self, *, complete: bool = True) -> Snapshot:
        """See every thread, whatever it does; one may be missed where not `complete`."""
        found = []
        for pid in sorted(self._members.all() if complete else self._members.pids()):
            try:
                found.append(self._seen(pid))
            except OSError:
                continue
        return tuple(found)

    @staticmethod
    def _seen(pid: int) -> Process:
        stat = procfs.stat(pid)
        tids = [] if stat.state in "ZX" else procfs.threads(pid)
        threads = [procfs.thread(pid, tid, procfs.call(pid, tid)) for tid in tids]
        return Process(stat, tuple(threads))

    def _described(self, seen: Snapshot, threads: Iterable[procfs.Thread]) -> Iterator[Waiting]:
        """Tell what threads are in."""
        scene: Optional[Scene] = None
        for thread in threads:
            call = waits.parse(thread.call)
            if call is None:
                yield Waiting(thread.pid, thread.tid, Wait("running"))
                continue
            wait = waits.decode(call, self._machine)
            kind, name = waits.kind(wait), waits.name(call, self._machine)
            if isinstance(wait, waits.Open):
                fact = Wait(kind, name, timed=wait.timed, obstacle=open_call(wait, thread))
                yield Waiting(thread.pid, thread.tid, fact)
                continue
            try:
                scene = scene or self.scene(seen)
                yield waiting_of(scene.bond(thread))
                continue
            except MayWake as reason:
                obstacle = reason.obstacle
            except (OSError, ValueError, IndexError) as error:
                obstacle = about("unreadable", thread, error=str(error))
            yield Waiting(thread.pid, thread.tid, Wait(kind, name, obstacle=obstacle))

    # --- the look ------------------------------------------------------------------------------

    def _look(self) -> Verdict:
        now = time.monotonic()
        patient = self._py_spy is not None and now >= self._dump_at
        self._peeks += 1
        if self._suspect is not None and self._peeks % _PEEKS:
            # The thread that kept the job alive at the last look mostly still does.
            self._check_call(*self._suspect, patient=patient)
        before = self.snapshot(patient=patient)
        refuted, reason, until, pause = self._refuted
        if before == refuted and now < until:
            self._dump_at = max(self._dump_at, until)
            raise MayWake(reason)
        try:
            return self._examine(before)
        except MayWake as found:
            # Only something outside can change the answer for a job that has not moved.
            pause = min(2 * pause, _LONGEST_PAUSE_S) if before == refuted else 1.0
            if isinstance(found, outsiders.UnderWay):
                pause = _UNDER_WAY_S
            self._refuted = (self._after_asking or before, found.obstacle, now + pause, pause)
            raise

    def _check_call(self, pid: int, tid: int, *, patient: bool, first: bool = False) -> bytes:
        """Read a thread's system call, or raise MayWake; see `snapshot`."""
        try:
            line = procfs.call(pid, tid)
        except PermissionError as error:
            raise MayWake(Obstacle("unreadable", pid, error=str(error.strerror))) from error
        call = waits.parse(line)
        if (call is None or call.number < 0) and procfs.ended(pid, tid):
            raise Moved
        if call is None and patient and (first or tid != pid):
            return line
        if call is None:
            self._suspect = (pid, tid)
            raise MayWake(Obstacle("running", pid, tid))
        wait = waits.decode(call, self._machine)
        if isinstance(wait, waits.Open) and not (patient and wait.timed):
            self._suspect = (pid, tid)
            raise MayWake(Obstacle("call", pid, tid, wait.name, timed=wait.timed))
        return line

    def snapshot(self, *, patient: bool, first: bool = False) -> Snapshot:
        """See every thread asleep in a call without a timeout, or raise MayWake.

        `patient`: let those pass that may be pollers, which have a timeout, or run and are not
        the first of their process, unless that may be the `first`, too.
        """
        snapshot = self._snapshot_of(self._members.pids(), patient=patient, first=first)
        if not any(process.threads for process in snapshot):
            self._suspect = None
            raise MayWake(Obstacle("no process"))
        self._suspect = None
        return snapshot

    def _snapshot_of(self, pids: Iterable[int], *, patient: bool, first: bool) -> Snapshot:
        found = []
        for pid in pids:
            stat = procfs.stat(pid)
            threads = []
            for tid in procfs.threads(pid):
                # A first thread that has ended stays as a zombie while others go on.
                if stat.state in "ZX" and tid == pid:
                    continue
                line = self._check_call(pid, tid, patient=patient, first=first)
                threads.append(procfs.thread(pid, tid, line))
            found.append(Process(stat, tuple(threads)))
        return tuple(sorted(found))

    # --- the proof -----------------------------------------------------------------------------

    def _examine(self, before: Snapshot) -> Verdict:
        self._after_asking = None
        restless = restless_of(before)
        if restless:
            self._dump_pause = min(2 * self._dump_pause, _LONGEST_PAUSE_S)
            self._dump_at = time.monotonic() + self._dump_pause
        scene, bonds = self.bonds(before, restless)
        if restless:
            self._check_pollers(scene, before, restless)
            scene.assumed.add("own classes")
        if BY_NAME in scene.assumed:
            self._check_still(settled(before, {thread.tid for thread in restless}))
        refusals = self.refusals(scene, bonds, restless)
        if refusals:
            raise MayWake(refusals[0])
        return Verdict(
            grade="proven-given-pollers" if restless else "proven",
            threads=tuple(map(waiting_of, sorted(bonds, key=oldest_first(before))))
            + tuple(
                Waiting(
                    thread.pid,
                    thread.tid,
                    Wait("running" if scene.runs(thread) else "asleep", poller=True),
                )
                for thread in restless
            ),
            assumptions=("signal", *sorted(scene.assumed)),
        )

    def scene(self, snapshot: Snapshot) -> Scene:
        """See what a snapshot's threads wait for."""
        return Scene(snapshot, self._members.namespaces, self._since)

    def bonds(
        self, before: Snapshot, restless: List[procfs.Thread], *, first: bool = False
    ) -> Tuple[Scene, List[Bond]]:
        """Tell what all other threads wait for, or raise MayWake; Moved, if one has run."""
        scene = self.scene(before)
        for process in before:
            scene.check_process(process)
        found = [scene.bond(thread) for thread in all_threads(before) if thread not in restless]
        ours = {thread.tid for thread in restless}
        now = self.snapshot(patient=bool(restless), first=first)
        if settled(now, ours) != settled(before, ours):
            raise Moved
        return scene, found

    def refusals(
        self,
        scene: Scene,
        bonds: List[Bond],
        restless: List[procfs.Thread],
        *,
        first: bool = False,
    ) -> Tuple[Obstacle, ...]:
        """Tell what else may wake the job, from outside or by a timer; raise Moved, if it moves."""
        ours = {thread.tid for thread in restless}
        self._check_outside(scene, settled(scene.snapshot, ours))
        expected, asked, refusals = self.ask(scene, bonds, {thread.pid for thread in restless})
        finally_ = self._come_to_rest(ours, first=first)
        if settled(finally_, ours, asked) != settled(expected, ours, asked):
            raise Moved
        if refusals:
            self._after_asking = finally_
        return refusals

    def _check_outside(self, scene: Scene, at_rest: Snapshot) -> None:
        """See that nobody outside the job holds what it waits for."""
        job, sockets = self._under_way
        try:
            scene.check_outside(self._members, sockets if job == at_rest else None)
        except outsiders.UnderWay as found:
            self._under_way = at_rest, found.sockets
            raise

    def _come_to_rest(self, pollers_of: Set[int], *, first: bool) -> Snapshot:
        """Take a snapshot once the threads that were asked are asleep again."""
        deadline = time.monotonic() + _SETTLE_S
        while True:
            try:
                snapshot = self.snapshot(patient=bool(pollers_of), first=first)
            except MayWake:
                if time.monotonic() > deadline:
                    raise
            else:
                running = {
                    thread.tid
                    for thread in all_threads(snapshot)
                    if waits.parse(thread.call) is None
                }
                if running <= pollers_of or time.monotonic() > deadline:
                    return snapshot
            time.sleep(0.0002)  # the kernel tells nobody when a thread goes to sleep

    def _check_pollers(self, scene: Scene, before: Snapshot, restless: List[procfs.Thread]) -> None:
        """See that each thread that does not sleep forever is a poller, at two looks.

        In between there is more than the period of each that has one, and one that spins has run
        for more than a round: had there been anything to do for it, it would have been done.
        """
        ended = {process.stat.parent for process in before if not process.threads}
        for thread in restless:
            if thread.pid in ended or not (scene.runs(thread) or scene.naps(thread)):
                raise MayWake(_alive(scene, thread))
        for pid in sorted({thread.pid for thread in restless}):
            mine = [thread for thread in restless if thread.pid == pid]
            running = {thread.tid for thread in mine if scene.runs(thread)}
            homes = {each.tid: scene.stack_of(each) for each in mine if each.tid not in running}
            if not pollers.only_pollers(self._py_spy or "", pid, homes, running):
                raise MayWake(_alive(scene, mine[0]))
        at_rest = settled(before, {thread.tid for thread in restless})
        now = time.monotonic()
        ran_s = {
            thread.tid: procfs.ran_s(thread.pid, thread.tid)
            for thread in restless
            if scene.runs(thread)
        }
        seen, since, had_run_s = self._polled
        if seen != at_rest or ran_s.keys() != had_run_s.keys():
            self._polled = (at_rest, now, ran_s)
            self._dump_at, self._dump_pause = now + POLLERS_APART_S, _FIRST_DUMP_S
            raise SecondLook
        idle = any(ran_s[tid] - had_run_s[tid] < _ROUND_S for tid in ran_s)
        if now - since < POLLERS_APART_S or idle:
            raise SecondLook

    def _check_still(self, at_rest: Snapshot) -> None:
        """See that a job has not moved for a while: who knows a name may come yet."""
        seen, since = self._still
        if seen != at_rest:
            self._still = at_rest, time.monotonic()
            raise SecondLook
        if time.monotonic() - since < BY_NAME_STILL_S:
            raise SecondLook

    def ask(
        self, scene: Scene, bonds: List[Bond], restless: Set[int]
    ) -> Tuple[Snapshot, FrozenSet[int], Tuple[Obstacle, ...]]:
        """See that no process has a timer that /proc does not show.

        Give the snapshot that must be found next, who was asked, and what is against the proof.
        A process with a thread that is `restless` may have a timer that counts how long it runs.
        """
        snapshot: List[Process] = []
        asked: List[int] = []
        refusals: List[Obstacle] = []
        unknown = {pid: self._unknown_sockets(scene, pid) for pid in scene.alive}
        no_timer = functools.lru_cache(maxsize=1)(_no_interval_timer_anywhere)
        for process in scene.snapshot:
            threads = list(process.threads)
            if threads:
                pid = process.stat.pid
                runs = pid in restless
                index = _spokesman(scene, process, bonds)
                answer = None
                why = None
                if index is not None and not (self.asks and ptrace.works()):
                    why = ""
                elif index is not None:
                    on_socket = _socket_of(scene, threads[index]) is not None
                    timers = (ptrace.ITIMER_REAL, ptrace.ITIMER_VIRTUAL, ptrace.ITIMER_PROF)
                    try:
                        answer = ptrace.ask(
                            threads[index],
                            sorted(unknown[pid]),
                            timers=timers if runs else timers[:1],
                            on_socket=on_socket,
                        )
                    except ptrace.NotAllowed as refusal:
                        why = str(refusal)
                    else:
                        timed = {unknown[pid][each] for each, has in answer.timeouts.items() if has}
                        self._timed_sockets |= timed
                        threads[index] = _afterwards(threads[index], answer)
                        asked.append(threads[index].tid)
                if _taken_back_unseen(scene, process, asked):
                    scene.assumed.add("timeout changed")
                if runs and procfs.cpu_limited(pid):
                    refusals.append(Obstacle("cpu limit", pid))
                refusals += _judge(process, answer, unknown[pid], why, no_timer, runs=runs)
            snapshot.append(process._replace(threads=tuple(threads)))
        return tuple(snapshot), frozenset(asked), tuple(refusals)

    def _unknown_sockets(self, scene: Scene, pid: int) -> Dict[Tuple[int, bool], str]:
        """Give the sockets that threads sleep on of which only the process knows the timeouts.

        Raises MayWake where one has a timeout. To ask the process makes that begin again: once is
        enough.
        """
        unknown = {}
        for (fd, writing), link in scene.sockets_of(pid).items():
            has = link in self._timed_sockets or procfs.socket_timeout(
                pid, fd, link, writing=writing
            )
            if has is None:
                unknown[fd, writing] = link
            elif has:
                raise MayWake(Obstacle("socket timeout", pid))
        return unknown


def _alive(scene: Scene, thread: procfs.Thread) -> Obstacle:
    return about("running", thread) if scene.runs(thread) else scene.may_wake(thread)


def waiting_of(bond: Bond) -> Waiting:
    """Tell what a thread waits for."""
    thread = bond.thread
    return Waiting(thread.pid, thread.tid, bond.wait, tuple(sorted(bond.wakers)))


def oldest_first(snapshot: Snapshot) -> Callable[[Bond], Tuple[bool, int, int, int]]:
    """Order the first thread of the program before all, or that of the oldest process left."""
    stats = {process.stat.pid: process.stat for process in snapshot}

    def place(bond: Bond) -> Tuple[bool, int, int, int]:
        stat = stats[bond.thread.pid]
        return stat.parent in stats, stat.started, stat.pid, bond.thread.tid

    return place


def all_threads(snapshot: Snapshot) -> List[procfs.Thread]:
    """List the threads of all processes."""
    return [thread for process in snapshot for thread in process.threads]


def restless_of(snapshot: Snapshot) -> List[procfs.Thread]:
    """List the threads that run, or sleep with a timeout."""
    machine = platform.machine()
    found = []
    for thread in all_threads(snapshot):
        call = waits.parse(thread.call)
        wait = None if call is None else waits.decode(call, machine)
        if wait is None or (isinstance(wait, waits.Open) and wait.timed):
            found.append(thread)
    return found


def settled(
    snapshot: Snapshot, pollers_of: Set[int], asked: FrozenSet[int] = frozenset()
) -> Snapshot:
    """Leave out of a snapshot what pollers may change, and the preemption of who was asked.

    A thread that lost its core, but did not go to sleep once more than expected, is where it was.
    So is one that waits for the lock of a file as others do, of whom one was asked.
    """

    def at_rest(thread: procfs.Thread) -> procfs.Thread:
        if thread.tid in pollers_of:
            return thread._replace(call=b"", voluntary=0, involuntary=0, state="S")
        if asked and waits.is_in_queue(thread.call, platform.machine()):
            return thread._replace(voluntary=0, involuntary=0)
        return thread._replace(involuntary=0) if thread.tid in asked else thread

    return tuple(
        Process(
            # That of its first thread, when there is one.
            stat._replace(state="S") if stat.pid in pollers_of and threads else stat,
            tuple(map(at_rest, threads)),
        )
        for stat, threads in snapshot
    )


def _spokesman(scene: Scene, process: Process, bonds: List[Bond]) -> Optional[int]:
    """Choose the thread to ask: one whose call, repeated, does just what it does now.

    Best is one whose call has no effect before its end. A lone writer may have written the half,
    and can be made to write the rest in write(2) and sendto(2) only, unless the handler of an
    alarm is to come back with the half.

    Of several threads, rather not the first: a signal that comes while it is stopped goes to
    another one, and does not end its sleep, but Python's handlers run in the first one alone.
    """
    by_tid = {bond.thread.tid: bond for bond in bonds}
    ranks = []
    for index, thread in enumerate(process.threads):
        if thread.tid in by_tid:
            rank = _rank(scene, by_tid[thread.tid])
            handles = thread.tid == thread.pid and len(process.threads) > 1
            if handles and thread.caught & _bit(signal.SIGALRM):
                rank = _NEVER
            ranks.append((rank if rank > _HARMLESS else 0, handles, rank, index))
    *_, rank, index = min(ranks, default=(0, False, _NEVER, 0))
    return index if rank < _NEVER else None


def _rank(scene: Scene, bond: Bond) -> int:
    thread, wait = bond.thread, bond.call
    if isinstance(wait, waits.Lock):
        return 0 if scene.keeps(thread) else _NEVER
    if isinstance(wait, waits.Transfer):
        # A socket's timeout would begin again, or be over.
        last = 2 if _socket_of(scene, thread) else 0
        if wait.writing:
            whole = wait.resumable and not thread.caught & _bit(signal.SIGALRM)
            return 3 + last if whole else _NEVER
        return 1 + last
    return 2 if isinstance(wait, (waits.Epoll, waits.FileLock, waits.SystemV)) else 1


def _socket_of(scene: Scene, thread: procfs.Thread) -> Optional[str]:
    """Give the socket that a thread reads from or writes to."""
    call = waits.parse(thread.call)
    wait = waits.decode(call, scene.machine) if call is not None else None
    if not isinstance(wait, waits.Transfer):
        return None
    return scene.sockets_of(thread.pid).get((wait.fd, wait.writing))


def _taken_back_unseen(scene: Scene, process: Process, asked: List[int]) -> bool:
    """Whether a thread may sleep with a timeout that its socket has no more.

    One that was asked while it read had none: its call was not interrupted, but restarted.
    """
    for thread in process.threads:
        call = waits.parse(thread.call)
        wait = waits.decode(call, scene.machine) if call is not None else None
        if (
            isinstance(wait, waits.Transfer)
            and _socket_of(scene, thread)
            and (wait.writing or thread.tid not in asked)
        ):
            return True
    return False


def _judge(
    process: Process,
    answer: Optional[ptrace.Answer],
    sockets: Dict[Tuple[int, bool], str],
    why: Optional[str],
    no_timer: Callable[[], bool],
    *,
    runs: bool,
) -> List[Obstacle]:
    """Give what the answer, or the lack of one, says against the proof.

    `sockets` are those whose timeouts only the process knows; a process that `runs` may be sent a
    signal for that. `why` there is no answer is what ptrace(2) said; None where no thread can be
    asked. `no_timer` tells whether no process of the machine has armed one.
    """
    pid, name = process.stat.pid, "no thread" if why is None else "ptrace"
    deaf = _deaf(process, signal.SIGALRM)
    against = []
    if answer is not None:
        if any(answer.timeouts.values()) or answer.timed_out:
            against.append(Obstacle("socket timeout", pid))
        if (ptrace.ITIMER_REAL in answer.armed and not deaf) or answer.armed - {ptrace.ITIMER_REAL}:
            against.append(Obstacle("alarm", pid))
    elif sockets:
        against.append(Obstacle("socket timeout unknown", pid, name=name, error=why or ""))
    elif runs or (not deaf and not no_timer()):
        against.append(Obstacle("alarm unknown", pid, name=name, error=why or ""))
    return against


def _afterwards(thread: procfs.Thread, answer: ptrace.Answer) -> procfs.Thread:
    """Give the thread as it will be once it is asleep again."""
    call = thread.call
    if answer.written:
        fields = call.split()
        fields[2] = b"%#x" % (int(fields[2], 16) + answer.written)
        fields[3] = b"%#x" % (int(fields[3], 16) - answer.written)
        call = b" ".join(fields) + b"\n"
    return thread._replace(call=call, voluntary=thread.voluntary + answer.switches)


def _deaf(process: Process, number: int) -> bool:
    """Whether the process ignores a signal, or every thread blocks it."""
    bit = _bit(number)
    return all(thread.ignored & bit or thread.blocked & bit for thread in process.threads)


def _bit(number: int) -> int:
    """Give a signal's place in the sets of `status`."""
    return 1 << (number - 1)


def _no_interval_timer_anywhere() -> bool:
    """Whether the kernel lists its timers and no process of the machine has armed ITIMER_REAL.

    The list is for root only; inside a container it reads as empty, which says nothing.
    """
    try:
        timers = procfs.read("/proc/timer_list")
    except OSError:
        return False
    return bool(timers) and b"it_real_fn" not in timers


def _try_out() -> Optional[Obstacle]:
    """Look at a child that is blocked forever, and see that /proc shows all that is needed."""
    cat = shutil.which("cat")
    if cat is None:
        return Obstacle("no cat")
    with subprocess.Popen([cat], bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            # Until its execve(2) is over it is as undumpable as the agent, and nobody may look.
            child.stdin.write(b"\n")
            child.stdout.read(1)
            thread = ptrace.asleep(child.pid)
            scene = Scene((Process(procfs.stat(child.pid), (thread,)),))
            scene.check_process(scene.snapshot[0])
            scene.bond(thread)
        except MayWake as reason:
            # Its other end is here: this is as far as it must go.
            if reason.obstacle.kind == "held outside":
                return None
            return reason.obstacle
        except (OSError, ValueError, IndexError) as error:
            return Obstacle("no waits", error=str(error))
        finally:
            child.kill()
    return Obstacle("no holders")

"""Watching a job for the proof that it hangs, and telling what its threads were in at the end."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Sequence, Tuple

from . import boundary, events, faults, respawn
from .proof import Libraries, Members, Prover, Rounds, deadlock, holders_of, homes_of
from .proof.facts import Obstacle, plain
from .proof.stuck import Stuck
from .stacks import Stack, matched, own_frames, server, stacks, stacks_in_motion

if TYPE_CHECKING:
    from .job import Job
    from .proof.facts import Verdict, Waiting

MOST_STACKS = 20
MOST_WORDS = 4000  # characters of a command line
MOST_NATIVE = 200  # threads whose native stacks are read
STACKS_S = 0.5  # for those of all processes together: at the limit, the end is due
PROVEN_STACKS_S = 2.0  # of a proven hang nothing is lost by waiting, where others take the cores


class Watch:
    """Looks at a job now and then until there is a proof."""

    _unable: Optional[Obstacle] = Obstacle("not tried")

    @classmethod
    def prepare(cls) -> Optional[Obstacle]:
        """Try out once whether hangs can be proven here; give the reason if not."""
        try:
            cls._unable = Prover.available()
        except Exception as error:  # noqa: BLE001 - a kernel that nobody has tried must not stop trials
            cls._unable = Obstacle("not tried", error=repr(error))
        return cls._unable

    @classmethod
    def may_use_py_spy(cls) -> bool:
        """Tell whether py-spy may look: it is no ancestor, and else needs what a proof needs."""
        if sys.platform == "linux":
            from .proof.procfs import siblings_may_look

            return cls._unable is None and siblings_may_look()
        return True

    def __init__(self, py_spy: str, events_file: str, earlier: Sequence[events.Event] = ()) -> None:
        self.signal_number = None if py_spy else faults.signal_number()
        self._py_spy = py_spy
        self._prover = Prover(Members([os.getpid()]), py_spy or None, since=time.time())
        self._proof: Optional[Verdict] = None
        self._rounds = Rounds(self._prover, py_spy or None)
        self._going_round: Optional[Verdict] = None
        self._respawn: Optional[respawn.Respawn] = None
        self._looked = False
        self._stuck = Stuck(self._prover, self._stacks_now)
        self.told = events.Reader(events_file, earlier)
        self._events_file = events_file
        self._events_size = 0

    def proves(self) -> bool:
        """Look once; tell whether the job can never go on. The first look is not worth it."""
        if self._looked:
            self._respawn = self._find_respawn()
            if self._unable is None:
                self._proof = self._prover.look()
            if self._unable is None and not self._proof:
                self._stuck.look()
        self._looked = True
        return bool(self._proof or self._respawn)

    def goes_round(self) -> bool:
        """Look, after `proves`, whether what lives of the job only goes round; see `Rounds`."""
        if self._looked and self._unable is None:
            self._going_round = self._rounds.look()
        return self._going_round is not None

    def rests(self) -> bool:
        """Whether no thread of the job runs, sleeps by the clock or waits for the outside.

        It must be so where there is no proof, too: what the kernel does not show of a wait for a
        named semaphore, say, is only who else may know the name.
        """
        if self._unable is not None:
            return False
        blocker = self._prover.blocker
        waiting = self._prover.waits()
        return (
            blocker is not None
            and bool(waiting)
            and _is_inside(blocker)
            and all(
                each.wait.kind != "running"
                and not each.wait.timed
                and (each.wait.obstacle is None or _is_inside(each.wait.obstacle))
                for each in waiting
            )
        )

    def _find_respawn(self) -> Optional[respawn.Respawn]:
        try:
            size = boundary.size(self._events_file)
        except OSError:  # the program has removed or replaced it
            return None
        if size == self._events_size:
            return None
        self._events_size = size
        return respawn.find(self.told.read().events)

    def stuck(self, job: Job, told: List[events.Event]) -> List[Dict[str, Any]]:
        """Tell of the children that could not go on until they were ended, behind the program.

        As `Process` of the model; nothing if there were none. Of children that multiprocessing has
        started it is known how they ended.
        """
        given_up = {
            start["child"]
            for start in events.starts(told, 0.0)
            if start.get("child") and start.get("exit_code", -1) < 0
        }
        described = []
        for pid, found in self._stuck.found.items():
            if pid not in given_up:
                continue
            threads = [
                {**_wait_of(each), **_told_of(found.stacks.get(each.tid))} for each in found.waiting
            ]
            described.append({"pid": pid, "ppid": found.parent, "command": "", "threads": threads})
        program = {"pid": job.pid, "ppid": os.getpid(), "command": "", "role": "program"}
        return [program, *described] if described else []

    def _stacks_now(self, pid: int, tids: Sequence[int]) -> Dict[int, Stack]:
        if not self._py_spy:  # faulthandler's signal would end the wait
            return {}
        return matched(pid, tids, stacks(self._py_spy, pid), homes_of(pid), ghosts=True)

    def _stacks(self, pid: int, deadline: float, *, runs: bool) -> List[Stack]:
        """Read the stacks of a process, if it has any that can be read in time."""
        if time.monotonic() > deadline:
            return []
        if self._py_spy and runs:
            return stacks_in_motion(self._py_spy, pid, deadline)
        if self._py_spy:
            return stacks(self._py_spy, pid)
        if sys.platform == "win32":
            return faults.written("%s.stacks.%d" % (self._events_file, pid))
        told = {event.pid for event in self.told.read().events}
        if self.signal_number is None or pid not in told:
            return []  # to a process without the injection the signal would be the end
        return faults.stacks(pid, self.signal_number, self._events_file + ".stacks", deadline)

    def verdict(self, job: Job, argv: Sequence[str], told: List[events.Event]) -> Dict[str, Any]:
        """Tell what every thread waits for and where, as fields of an `Observation`.

        `told` is what the injection has told.
        """
        processes = job.processes()
        found_out = self._proof or self._going_round
        waiting = found_out.threads if found_out else self._prover.waits()
        pids = [each["pid"] for each in processes[:MOST_STACKS]]
        found = self._all_stacks(pids, waiting, PROVEN_STACKS_S if found_out else STACKS_S)
        at_fork = events.threads_at_fork(told)
        by_thread = _by_thread(waiting, found, at_fork)
        waiting = self._with_holders(waiting, by_thread, told)
        places = {
            of: place for of, stack in by_thread.items() for place in [_where(argv, stack)] if place
        }
        if found_out:
            places.update({(pid, tid): place for pid, tid, place in found_out.loops})
        servers = {pid: name for pid in found for name in [server(found[pid])] if name}
        ring = deadlock.find(waiting, places, servers) if found_out is not None else ()
        libraries = dict(_libraries(sorted(by_thread)[:MOST_NATIVE]))
        for process in processes:
            pid = process["pid"]
            process["stacks_by"] = "py-spy" if self._py_spy else "faulthandler"
            process["role"] = "program" if pid == job.pid else servers.get(pid, "")
            process["command"] = process["command"][:MOST_WORDS]
            process["lost_threads"] = [_lost(*each[:2]) for each in at_fork.get(pid, ())]
            started = {each["tid"]: each["started_s"] for each in process.get("threads", ())}
            process["threads"] = [
                {
                    **_wait_of(each),
                    "started_s": started.get(each.tid),
                    "root": ring[-1:] == ((each.pid, each.tid),),
                    "where": places.get((each.pid, each.tid)),
                    **_told_of(by_thread.get((each.pid, each.tid))),
                    "libraries": list(libraries.get((each.pid, each.tid), ())),
                }
                for each in waiting
                if each.pid == pid
            ]
            if not process["threads"]:  # the platform does not show what they wait for
                process["threads"] = [
                    {"tid": stack.tid or 0, **_told_of(stack)} for stack in found.get(pid, [])
                ]
        if self._respawn is not None:
            return {"processes": processes, **_told_of_respawn(self._respawn)}
        if found_out is None:
            return {"processes": processes, "obstacle": plain(self._prover.blocker)}
        alive = [(each.pid, each.tid) for each in waiting if each.wait.rounds]
        shown = [*ring[-1:], *ring, *alive]
        return {
            "processes": processes,
            "grade": found_out.grade,
            "ring": plain(ring),
            "assumptions": list(found_out.assumptions),
            "where": next((places[each] for each in shown if each in places), None),
        }

    def _all_stacks(
        self, pids: Sequence[int], waiting: Sequence[Waiting], within_s: float
    ) -> Dict[int, List[Stack]]:
        """Read the stacks of several processes, those that take long last."""
        deadline = time.monotonic() + within_s
        running = {each.pid for each in waiting if each.wait.kind == "running"}
        return {
            pid: self._stacks(pid, deadline, runs=pid in running)
            for pid in sorted(pids, key=running.__contains__)
        }

    def _with_holders(
        self,
        waiting: Tuple[Waiting, ...],
        found: Dict[Tuple[int, int], Stack],
        told: List[events.Event],
    ) -> Tuple[Waiting, ...]:
        """Tell of each thread that waits for a lock who has that."""
        if self._unable is not None:
            return waiting
        idents = {(pid, each.ident): tid for (pid, tid), each in found.items() if each.ident}
        held = holders_of(waiting, idents, events.semaphores(told))
        return tuple(
            each._replace(wait=each.wait._replace(held=held.get((each.pid, each.tid))))
            for each in waiting
        )


_OBSTACLES_INSIDE = (
    "named semaphore",
    "futex in file",
    "system v",
    "alarm unknown",
    "socket timeout unknown",
)
_INJECTED = os.path.join("inject", "startlab_")


def _is_inside(obstacle: Obstacle) -> bool:
    """Whether an obstacle is neither a clock nor, as far as is known, somebody outside."""
    if obstacle.kind == "descriptor":  # a FIFO
        return obstacle.object.startswith("/") and not obstacle.object.startswith("/dev/")
    return obstacle.kind in _OBSTACLES_INSIDE


def _by_thread(
    waiting: Sequence[Waiting],
    found: Dict[int, List[Stack]],
    at_fork: Dict[int, Any],
) -> Dict[Tuple[int, int], Stack]:
    """Tell which stack is which thread's, of several processes."""
    return {
        (pid, tid): stack
        for pid in found
        for tid, stack in matched(
            pid,
            [each.tid for each in waiting if each.pid == pid],
            found[pid],
            homes_of(pid),
            ghosts=bool(at_fork.get(pid)),
        ).items()
    }


def _told_of_respawn(found: respawn.Respawn) -> Dict[str, Any]:
    return {
        "grade": "respawning",
        "respawn": {"pid": found.pid, "exit_code": found.exit_code, "deaths": found.deaths},
        "where": _short(found.where),
    }


def _libraries(
    threads: Sequence[Tuple[int, int]],
) -> Iterator[Tuple[Tuple[int, int], Tuple[str, ...]]]:
    """Tell which native libraries each thread is in, where it can be seen."""
    of: Dict[int, Libraries] = {}
    for pid, tid in threads:
        try:
            if pid not in of:
                of[pid] = Libraries(pid, tid)
            yield (pid, tid), of[pid].of(tid)
        except (OSError, ValueError):
            continue  # it has ended, or may not be looked at


def _wait_of(waiting: Waiting) -> Dict[str, Any]:
    return {
        "tid": waiting.tid,
        "wait": plain(waiting.wait),
        "waits_for": list(waiting.waits_for),
    }


def _lost(name: str, place: Optional[str]) -> Dict[str, Optional[str]]:
    """Give a thread that a fork did not copy: its name, and the line that it was at."""
    return {"name": name, "where": _short(place)}


def _short(place: Optional[str]) -> Optional[str]:
    return os.path.basename(place) if place else None


def _told_of(stack: Optional[Stack]) -> Dict[str, Any]:
    if stack is None:
        return {}
    return {
        "name": stack.name,
        "stack": [
            {"file": frame.file, "line": frame.line, "function": frame.function}
            for frame in stack.frames
        ],
    }


def _where(argv: Sequence[str], stack: Optional[Stack]) -> Optional[str]:
    """Give the innermost line of the program's own folder, else of no library, as `file:line`."""
    if stack is None:
        return None
    frames = own_frames(stack)
    folders = {os.path.dirname(arg) for arg in argv[1:] if arg.endswith(".py")}
    own = [frame for frame in frames if os.path.dirname(frame.file) in folders]
    others = [
        f
        for f in frames
        if not ("/lib/python" in f.file or f.file[:1] == "<" or _INJECTED in f.file)
    ]
    for frame in own + others:
        if frame.line <= 0:
            continue  # py-spy met a frame that was just being made
        return "%s:%d" % (os.path.basename(frame.file), frame.line)
    return None

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
from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Sequence, Set, Tuple

assert sys.platform == "linux"

from ..proof import Members, Prover, Rounds, deadlock, homes_of, partial, procfs, waits
from ..proof.facts import Obstacle, Verdict, Wait, Waiting, plain
from ..proof.procfs import Moved
from ..proof.rounds import shown_by
from ..stacks import TRY_S, Stack, matched, own_frames, server, stacks, stacks_in_motion
from . import tree
from .outside import Naming

APART_S = 0.5
SHARE = 0.5  # of a core, while it watches: that is soon over
MOST_STACKS = 60  # processes
STACKS_S = 10.0
MOST_SOURCE = 200_000  # characters of a file
MOST_SOURCES = 40
_LIBRARY = ("/lib/python", "/lib/pypy", "-packages/")
_CLONE_NEWNET = 0x40000000


class Refused(Exception):  # noqa: N818 - a finding
    """Why a tree cannot be looked at: `kind` says in what way, of which process."""

    def __init__(self, kind: str, pid: int = 0, error: str = "") -> None:
        super().__init__(kind)
        self.kind, self.pid, self.error = kind, pid, error


class Seen(NamedTuple):
    """What both looks together tell of a thread.

    `still_s` is how long it has not run, and `ran_s` how long it ran between the looks. `dead`: it
    can never run again. `outside` is what it waits for there.
    """

    pid: int
    tid: int
    still_s: Optional[float]
    ran_s: float
    moved: bool
    dead: bool


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
    _enter_network(pids[0])
    return _Looks(Members(pids, inclusive=True, without=tree.observers()), py_spy, asked).document()


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


def _enter_network(pid: int) -> None:
    """Join the network namespace of the tree: only there its sockets can be asked for."""
    theirs = procfs.namespaces(pid, pid)[1]
    if theirs == procfs.namespaces(os.getpid(), os.getpid())[1]:
        return
    try:
        fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        ctypes.CDLL(None, use_errno=True).setns(fd, _CLONE_NEWNET)
        os.close(fd)
    except OSError:
        pass  # then its sockets cannot be told from those to the outside


class _Looks:
    def __init__(self, members: Members, py_spy: str, asked: Dict[str, Any]) -> None:
        self._members = members
        self._py_spy = py_spy
        self._patience_s: float = asked.get("patience_s", 0.0)
        self._prover = Prover(members, py_spy or None, asks=bool(asked.get("asks")), share=SHARE)
        self._sees_stacks = bool(asked.get("stacks", True))

    def document(self) -> Dict[str, Any]:
        """Look, and tell all that was seen."""
        began = time.monotonic()
        try:
            first = partial.look(self._prover, around=False)
            ran_s = _ran_s(first)
            found = self._stacks(first) if self._sees_stacks else {}
            time.sleep(max(0.0, began + APART_S - time.monotonic()))
            verdict = self._watch(first, found)
            second = partial.look(self._prover)
            apart_s = time.monotonic() - began
            threads = _seen(first, second, ran_s, apart_s)
            processes = self._processes(second, found, verdict)
        except (Moved, FileNotFoundError, ProcessLookupError):
            raise Refused("moved") from None
        return {
            "kernel": os.uname().release,
            "began_s": time.time() - apart_s,
            "apart_s": apart_s,
            "cpu_s": time.process_time(),
            "children_cpu_s": sum(os.times()[2:4]),
            "asked_timers": self._prover.asks,
            "processes": processes,
            "seen": plain(threads),
            "ring": plain(_ring(second, threads, found, verdict)),
            "grade": verdict.grade if verdict else None,
            "assumptions": sorted(second.assumed | set(verdict.assumptions if verdict else ())),
            "sources": _sources(second, found),
            "top": processes[0]["pid"] if processes else 0,
        }

    def _watch(self, first: partial.Partial, found: Dict[int, List[Stack]]) -> Optional[Verdict]:
        """Watch on for a while, where only threads that go round by the clock may be alive.

        Whether something comes of a round, only several show.
        """
        living = [each for each in first.may_wake if not self._waits_outside(first, each)]
        if not self._patience_s or not living or len(living) < len(first.may_wake):
            return None
        for pid in {pid for pid, _ in living}:
            shown = [shown_by(stack, _link(f"/proc/{pid}/cwd")) for stack in found.get(pid, ())]
            if shown.count(None) > len(found.get(pid, ())) - len(
                [p for p, _ in living if p == pid]
            ):
                return None
        rounds = Rounds(self._prover, self._py_spy or None, SHARE)
        deadline = time.monotonic() + self._patience_s
        while time.monotonic() < deadline:
            verdict = self._prover.look() or rounds.look()
            if verdict is not None:
                return verdict
            time.sleep(0.05)
        return None

    @staticmethod
    def _waits_outside(seen: partial.Partial, each: Tuple[int, int]) -> bool:
        """Whether a thread may go on by more than the clock, or by what it computes."""
        why = seen.may_wake[each]
        return not why.timed and why.kind != "running"

    def _stacks(self, seen: partial.Partial) -> Dict[int, List[Stack]]:
        found: Dict[int, List[Stack]] = {}
        if not self._py_spy:
            return found
        deadline = time.monotonic() + STACKS_S
        running = {pid for (pid, _), why in seen.may_wake.items() if why.kind == "running"}
        alive = [each.stat.pid for each in seen.snapshot if each.threads]
        for pid in [pid for pid in alive if tree.is_python(pid)][:MOST_STACKS]:
            if time.monotonic() > deadline:
                break
            if pid in running:
                found[pid] = stacks_in_motion(self._py_spy, pid, time.monotonic() + TRY_S)
            else:
                found[pid] = stacks(self._py_spy, pid)
        return found

    def _processes(
        self,
        seen: partial.Partial,
        found: Dict[int, List[Stack]],
        verdict: Optional[Verdict],
    ) -> List[Dict[str, Any]]:
        naming = Naming(seen.ends)
        told = []
        known = {(each.pid, each.tid): each for each in (verdict.threads if verdict else ())}
        for process in seen.snapshot:
            pid = process.stat.pid
            mine = found.get(pid, [])
            tids = [thread.tid for thread in process.threads]
            ghosts = any(map(_keeps_ghosts, mine))
            by_tid = matched(pid, tids, mine, homes_of(pid), ghosts=ghosts)
            told.append(
                {
                    "pid": pid,
                    "ppid": process.stat.parent,
                    "command": _text(f"/proc/{pid}/cmdline") or f"[{process.stat.name}]",
                    "name": process.stat.name,
                    "state": process.stat.state,
                    "started": process.stat.started,
                    "cwd": _link(f"/proc/{pid}/cwd"),
                    "numbers": procfs.numbers(pid),
                    "server": server(mine) or "",
                    "threads": [
                        {
                            **_told(seen, thread, by_tid.get(thread.tid), naming),
                            **_proven(known.get((pid, thread.tid))),
                        }
                        for thread in process.threads
                    ],
                }
            )
        return told


def _proven(waiting: Optional[Waiting]) -> Dict[str, Any]:
    """Tell of a thread what a verdict says, which took longer than a look."""
    if waiting is None:
        return {}
    return {"wait": plain(waiting.wait), "waits_for": list(waiting.waits_for), "outside": []}


def _told(
    seen: partial.Partial, thread: procfs.Thread, stack: Optional[Stack], naming: Naming
) -> Dict[str, Any]:
    each = thread.pid, thread.tid
    bond = seen.bonds.get(each)
    why = seen.may_wake.get(each)
    if bond is not None:
        wait = bond.wait._replace(obstacle=why, timed=bool(why and why.timed))
    else:
        wait = _wait_of(thread, why)
    outside = naming.of(thread, seen.outside.get(each, ())) if why is not None else []
    frames = stack.frames if stack is not None else ()
    return {
        "tid": thread.tid,
        "name": (stack.name if stack is not None else "") or _comm(thread),
        "state": thread.state,
        "started": _started(thread),
        "wait": plain(wait),
        "waits_for": sorted(bond.wakers) if bond is not None else [],
        "outside": plain(outside),
        "own_depth": len(own_frames(stack)) if stack is not None else 0,
        "stack": [
            {"file": frame.file, "line": frame.line, "function": frame.function} for frame in frames
        ],
    }


def _started(thread: procfs.Thread) -> int:
    """Tell when a thread began, in ticks since boot."""
    data = procfs.read(f"/proc/{thread.pid}/task/{thread.tid}/stat")
    return int(data[data.rindex(b")") + 2 :].split()[19])


def _wait_of(thread: procfs.Thread, why: Optional[Obstacle]) -> Wait:
    """Tell what a thread is in that waits for nothing of the tree."""
    call = waits.parse(thread.call)
    if call is None:
        return Wait("running", obstacle=why)
    machine = os.uname().machine
    return Wait(
        waits.kind(waits.decode(call, machine)),
        waits.name(call, machine),
        timed=bool(why and why.timed),
        obstacle=why,
    )


def _ran_s(seen: partial.Partial) -> Dict[Tuple[int, int], float]:
    found = {}
    for process in seen.snapshot:
        for thread in process.threads:
            try:
                found[thread.pid, thread.tid] = procfs.ran_s(thread.pid, thread.tid)
            except (OSError, IndexError):
                continue
    return found


def _seen(
    first: partial.Partial,
    second: partial.Partial,
    ran_s: Dict[Tuple[int, int], float],
    apart_s: float,
) -> List[Seen]:
    before = {thread for process in first.snapshot for thread in process.threads}
    now_s = _ran_s(second)
    clocks = _Clocks()
    found = []
    for process in second.snapshot:
        for thread in process.threads:
            each = thread.pid, thread.tid
            moved = thread not in before
            still_s = clocks.still_s(*each)
            if still_s is not None and not moved:
                still_s = max(still_s, apart_s)
            ran = max(0.0, now_s.get(each, 0.0) - ran_s.get(each, 0.0))
            dead = each in second.dead and not moved
            found.append(Seen(*each, still_s, ran, moved, dead))
    clocks.close()
    return found


class _Clocks:
    """The clocks of the processors, each of which has its own: when it ran something last."""

    def __init__(self) -> None:
        self._home = os.sched_getaffinity(0)
        self._now_s: Dict[int, Optional[float]] = {}

    def still_s(self, pid: int, tid: int) -> Optional[float]:
        """Tell how long a thread has not run (needs CONFIG_SCHED_DEBUG)."""
        last_s = _last_ran_s(pid, tid)
        if last_s is None:
            return None
        data = procfs.read(f"/proc/{pid}/task/{tid}/stat")
        cpu = int(data[data.rindex(b")") + 2 :].split()[36])
        if cpu not in self._now_s:
            self._now_s[cpu] = self._now(cpu)
        now_s = self._now_s[cpu]
        return None if now_s is None else max(0.0, now_s - last_s)

    @staticmethod
    def _now(cpu: int) -> Optional[float]:
        try:
            os.sched_setaffinity(0, {cpu})
        except OSError:
            return None  # it is not for this process
        return _last_ran_s(os.getpid(), os.getpid())

    def close(self) -> None:
        """Go back to all processors."""
        os.sched_setaffinity(0, self._home)


def _last_ran_s(pid: int, tid: int) -> Optional[float]:
    """Tell when a thread ran last, by the clock of its processor (CONFIG_SCHED_DEBUG)."""
    try:
        for line in procfs.read(f"/proc/{pid}/task/{tid}/sched").decode().splitlines():
            if line.startswith("se.exec_start"):
                return float(line.rpartition(":")[2]) / 1000
    except (OSError, ValueError):
        pass
    return None


def _ring(
    seen: partial.Partial,
    threads: Sequence[Seen],
    found: Dict[int, List[Stack]],
    verdict: Optional[Verdict],
) -> Tuple[Tuple[int, int], ...]:
    """Give the threads that wait for one another, of those that can never run again."""
    dead: Set[Tuple[int, int]] = {(each.pid, each.tid) for each in threads if each.dead}
    if verdict is not None:
        waiting: Sequence[Waiting] = verdict.threads
    else:
        order = [
            (thread.pid, thread.tid) for process in seen.snapshot for thread in process.threads
        ]
        waiting = [
            Waiting(*each, seen.bonds[each].wait, tuple(sorted(seen.bonds[each].wakers)))
            for each in order
            if each in dead
        ]
    own: FrozenSet[Tuple[int, int]] = frozenset(
        (pid, stack.tid) for pid in found for stack in found[pid] if stack.tid and _has_own(stack)
    )
    servers = [pid for pid in found if server(found[pid])]
    return deadlock.find(waiting, own, servers) if waiting else ()


def _has_own(stack: Stack) -> bool:
    return any(_is_own(frame.file) for frame in own_frames(stack))


def _is_own(file: str) -> bool:
    return not file.startswith("<") and not any(part in file for part in _LIBRARY)


def _sources(seen: partial.Partial, found: Dict[int, List[Stack]]) -> Dict[str, str]:
    """Read the program's files that stacks go through, as its processes have them."""
    texts: Dict[str, str] = {}
    for process in seen.snapshot:
        pid = process.stat.pid
        files = [frame.file for stack in found.get(pid, ()) for frame in stack.frames]
        for file in dict.fromkeys(filter(_is_own, files)):
            path = os.path.normpath(os.path.join(_link(f"/proc/{pid}/cwd"), file))
            if path in texts or len(texts) >= MOST_SOURCES:
                continue
            try:
                with open(f"/proc/{pid}/root{path}", encoding="utf-8", errors="replace") as text:
                    texts[path] = text.read(MOST_SOURCE)
            except OSError:
                continue
    return texts


def _keeps_ghosts(stack: Stack) -> bool:
    """Whether it is of a Python that keeps the stacks of threads which a fork left behind."""
    return any("/python2." in frame.file or "/python3.6/" in frame.file for frame in stack.frames)


def _comm(thread: procfs.Thread) -> str:
    return _text(f"/proc/{thread.pid}/task/{thread.tid}/comm").strip()


def _text(path: str) -> str:
    try:
        data = procfs.read(path)
    except OSError:
        return ""
    return data.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")[:4000]


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""

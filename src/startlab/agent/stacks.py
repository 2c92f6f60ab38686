"""The Python stacks of a process, as py-spy reads them, or else as its memory has them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

if sys.platform == "linux":
    from .unwinder import unwind

DUMP_S = 10.0
_MAIN = ("<module>", "_run_module_as_main")
TRY_S = 0.3  # to read the stack of a thread that runs: often half of the dumps fail


class Frame(NamedTuple):
    """A line of a Python stack."""

    file: str
    line: int
    function: str


class Stack(NamedTuple):
    """The Python stack of a thread, innermost frame first; `tid` where py-spy can tell.

    `ident` is its pthread_self(3), which lies in the stack's own memory but for the first thread's;
    `has_gil` tells whether it held the global interpreter lock.
    """

    tid: Optional[int]
    name: str
    frames: Tuple[Frame, ...]
    has_gil: bool = False
    ident: Optional[int] = None


def stacks(py_spy: str, pid: int) -> List[Stack]:
    """Read the Python stacks of a process without stopping it; none if that cannot be done.

    py-spy, whose path is empty where it is missing, knows what threads are called, and old Pythons.
    It does not know builds without the GIL, and takes long to say so: their memory is read here.
    """
    if not py_spy:
        return _by_memory(pid)
    return _by_memory(pid, with_gil=False) or _by_py_spy(py_spy, pid) or _by_memory(pid)


def _by_py_spy(py_spy: str, pid: int) -> List[Stack]:
    """Have py-spy read the stacks.

    A dump that stops the process would turn its poll(2) into a restart_syscall(2).
    """
    try:
        done = subprocess.run(
            [py_spy, "dump", "--json", "--nonblocking", "--pid", str(pid)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DUMP_S,
            check=True,
        )
        threads = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return []
    here = _numbers_here(pid)
    return [
        Stack(
            tid=here.get(thread.get("os_thread_id"), thread.get("os_thread_id")),
            name=thread.get("thread_name") or "",
            frames=tuple(
                Frame(frame["filename"], int(frame["line"]), frame["name"])
                for frame in thread["frames"]
            ),
            has_gil=bool(thread.get("owns_gil")),
            ident=thread.get("thread_id"),
        )
        for thread in threads
    ]


def _by_memory(pid: int, *, with_gil: bool = True) -> List[Stack]:
    found: List[Stack] = []
    if sys.platform == "linux":
        unwound = unwind(pid, with_gil=with_gil)
        here = _numbers_here(pid) if unwound else {}
        for each in unwound:
            frames = tuple(Frame(*line) for line in each.frames)
            found.append(Stack(here.get(each.tid, each.tid), "", frames, ident=each.ident))
    return found


def _numbers_here(pid: int) -> Dict[int, int]:
    """Give what threads are called here by what they call themselves, in a container of their own.

    Elsewhere than there, nothing.
    """
    found: Dict[int, int] = {}
    try:
        for tid in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/status" % (pid, tid), "rb") as file:
                said = file.read().partition(b"\nNSpid:")[2].partition(b"\n")[0].split()
            if len(said) < 2:
                return {}
            found[int(said[-1])] = int(tid)
    except OSError:
        pass
    return found


def stacks_in_motion(py_spy: str, pid: int, deadline: float) -> List[Stack]:
    """Read the stacks of a process with threads that run, again until each was read whole.

    When the time is over, give the read that got most of them.
    """
    deadline = min(deadline, time.monotonic() + TRY_S)
    best: List[Stack] = []
    while True:
        found = stacks(py_spy, pid)
        best = max(best, found, key=lambda each: (sum(map(is_whole, each)), len(each)))
        if (found and all(map(is_whole, found))) or time.monotonic() > deadline:
            return best


def is_main(stack: Stack) -> bool:
    """Whether the stack begins as that of a process's first thread does, with a file or `-m`."""
    return bool(stack.frames) and stack.frames[-1].function in _MAIN


def is_whole(stack: Stack) -> bool:
    """Whether the stack goes back to where a thread begins: of one that runs, parts get lost."""
    return is_main(stack) or (
        bool(stack.frames) and stack.frames[-1].function.endswith("_bootstrap")
    )


def stack_of(tid: int, home: Tuple[int, int], found: Sequence[Stack], pid: int) -> Optional[Stack]:
    """Find the stack of a thread that has it in the memory `home`, from and to, if one alone fits.

    py-spy knows whose it is since 3.11 only. Before, the memory tells, and the first thread's is
    known by how it begins.
    """
    known = [stack for stack in found if stack.tid == tid]
    if not known:
        begin, end = home
        known = [stack for stack in found if stack.ident and begin <= stack.ident < end]
    if not known and tid == pid:
        known = [stack for stack in found if stack.tid is None and is_main(stack)]
    return known[0] if len(known) == 1 else None


def matched(
    pid: int,
    tids: Sequence[int],
    found: Sequence[Stack],
    homes: Mapping[int, Tuple[int, int]],
    *,
    ghosts: bool,
) -> Dict[int, Stack]:
    """Tell which stack is which thread's: see `stack_of`; `homes` has the memory of some.

    Of one thread and one stack that remain each is the other's. `ghosts`: there may be stacks of
    threads that a fork has left behind, which 2.7 and 3.6 keep.
    """
    sure = {
        tid: stack
        for tid in tids
        for stack in [stack_of(tid, homes.get(tid, (0, 0)), found, pid)]
        if stack is not None
    }
    rest = [tid for tid in tids if tid not in sure]
    taken = [id(stack) for stack in sure.values()]
    unknown = [stack for stack in found if stack.tid is None and id(stack) not in taken]
    only_one = len(tids) == len(found) == 1
    if len(rest) == len(unknown) == 1 and (only_one or not ghosts):
        sure[rest[0]] = unknown[0]
    return sure


_PROCESS = os.path.join("multiprocessing", "process.py")
_UTIL = os.path.join("multiprocessing", "util.py")
_SERVERS = {
    "multiprocessing/forkserver.py": "fork server",
    "multiprocessing/resource_tracker.py": "resource tracker",
    "multiprocessing/semaphore_tracker.py": "semaphore tracker",  # up to 3.7
}


def server(found: Sequence[Stack]) -> Optional[str]:
    """Tell which server of multiprocessing a process is, if it waits in the loop of one.

    What the fork server imports before is the program's; and its forks have its stack within
    theirs.
    """
    for stack in found:
        inner = [f for f in stack.frames if os.path.basename(f.file) != "selectors.py"]
        if inner and inner[0].function == "main":
            for file, name in _SERVERS.items():
                if inner[0].file.endswith(os.sep + file):
                    return name
    return None


def own_frames(stack: Stack) -> Sequence[Frame]:
    """Leave out the frames that a forked child has from its parent, which it never goes back to."""
    for number, frame in enumerate(stack.frames):
        name = frame.function.rpartition(".")[2]
        # What is registered to be run at the end is run there (util.py), or since 3.13 after it.
        if (name == "_bootstrap" and frame.file.endswith(_PROCESS)) or (
            name == "_exit_function" and frame.file.endswith(_UTIL)
        ):
            return stack.frames[:number]
    return stack.frames

"""The Python stacks of a process, as py-spy reads them."""

from __future__ import annotations

import json
import subprocess
import time
from typing import List, NamedTuple, Optional, Tuple

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
    return [
        Stack(
            tid=thread.get("os_thread_id"),
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

"""The loops of the standard library that wake by the clock and change nothing.

`multiprocessing.Pool` up to 3.7 looks ten times a second for workers that have ended, a manager's
server looks every second for a wish to stop. To the kernel such a thread may always wake. Only
its Python stack tells it from a thread that will do something; py-spy reads that from outside,
without stopping the process.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import List, NamedTuple, Optional, Sequence, Tuple

DUMP_S = 10.0


class Frame(NamedTuple):
    """A line of a Python stack."""

    file: str
    line: int
    function: str


class Stack(NamedTuple):
    """The Python stack of a thread, innermost frame first; `tid` where py-spy can tell."""

    tid: Optional[int]
    name: str
    frames: Tuple[Frame, ...]


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
        )
        for thread in threads
    ]


# Innermost frames, exactly: a name further out may be a caller of something that does wake.
_POLLERS: Tuple[Tuple[Tuple[str, Tuple[str, ...]], ...], ...] = (
    (("multiprocessing/pool.py", ("_handle_workers",)),),
    (
        ("threading.py", ("wait", "Condition.wait")),
        ("threading.py", ("wait", "Event.wait")),
        ("multiprocessing/managers.py", ("serve_forever", "Server.serve_forever")),
    ),
)


def is_poller(stack: Stack) -> bool:
    """Whether the thread is in one of the loops, and just waiting in it."""
    return any(
        len(stack.frames) >= len(pattern)
        and all(
            frame.file.endswith(os.sep + file) and frame.function in functions
            for frame, (file, functions) in zip(stack.frames, pattern)  # noqa: B905 - not in 3.8
        )
        for pattern in _POLLERS
    )


def all_pollers(found: Sequence[Stack], timed: int) -> bool:
    """Whether the `timed` threads of a process are all pollers.

    py-spy cannot always tell which stack is which thread's, so the numbers must agree.
    """
    return sum(map(is_poller, found)) == timed

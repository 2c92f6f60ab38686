"""The loops of the standard library that wake by the clock, or never sleep, and change nothing.

`multiprocessing.Pool` up to 3.7 looks ten times a second for workers that have ended, a manager's
server looks every second for a wish to stop. Since 3.8 the thread of a Pool that looks for ended
workers is woken by results too: where the thread that takes them has died of one that cannot be
unpickled, it spins. To the kernel such a thread may always wake others. Only its Python stack
tells it from a thread that will do something; py-spy reads that from outside, without stopping
the process.
"""

from __future__ import annotations

import os
import time
from typing import Collection, Mapping, Sequence, Tuple

from ..stacks import TRY_S, Stack, is_whole, stack_of, stacks

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
    library = _library(stack)
    return any(
        len(stack.frames) >= len(pattern)
        and all(
            frame.file == os.path.join(library, file) and frame.function in functions
            for frame, (file, functions) in zip(stack.frames, pattern)  # noqa: B905 - not in 3.8
        )
        for pattern in _POLLERS
    )


def _library(stack: Stack) -> str:
    """Give the folder of the interpreter's own standard library: the one of its `threading`.

    Other libraries have copies of multiprocessing.
    """
    files = [frame.file for frame in stack.frames if os.path.basename(frame.file) == "threading.py"]
    return os.path.dirname(files[-1]) if files else os.devnull


def is_spinner(stack: Stack) -> bool:
    """Whether the thread is that of a Pool that looks for ended workers, and just looks.

    It begins in that loop, and is not about to start a worker: that would run code of the program.
    """
    names = [frame.function.rpartition(".")[2] for frame in stack.frames]
    if names[-4:] != ["_handle_workers", "run", "_bootstrap_inner", "_bootstrap"]:
        return False
    library = _library(stack)
    multiprocessing = os.path.join(library, "multiprocessing")
    return (
        stack.frames[-4].file == os.path.join(multiprocessing, "pool.py")
        and all(
            (
                frame.file.startswith("<")  # a namedtuple's
                or os.path.dirname(frame.file) in (library, multiprocessing)
            )
            and not name.startswith("_repopulate_pool")
            for frame, name in zip(stack.frames[:-4], names)  # noqa: B905 - not in 3.8
        )
    )


def only_pollers(
    py_spy: str, pid: int, timed: Mapping[int, Tuple[int, int]], running: Collection[int]
) -> bool:
    """Whether of the threads of a process all that have a timeout, or run, are pollers.

    `timed` are the former, with the memory, from and to, that they have their stacks in.
    """
    deadline = time.monotonic() + TRY_S
    while True:
        found = stacks(py_spy, pid)
        if all_pollers(found, pid, timed, running):
            return True
        torn = not found or not all(map(is_whole, found))
        if not running or time.monotonic() > deadline:
            return False
        if not torn and not any(map(is_spinner, found)):
            return False


def all_pollers(
    found: Sequence[Stack],
    pid: int,
    timed: Mapping[int, Tuple[int, int]],
    running: Collection[int] = (),
) -> bool:
    """Whether the `timed` threads of a process, and those that are `running`, are all pollers.

    py-spy cannot always tell a thread's number: then the memory of its stack tells which it is. A
    thread of a Pool that spins looks as one that waits: it must be known by its number, or by
    having the lock that only a thread that runs has.
    """
    if any(stack.tid is not None for stack in found):
        spinning = [stack for stack in found if stack.tid in running]
    else:
        spinning = [stack for stack in found if stack.has_gil] if len(running) == 1 else []
    others = [stack for stack in found if stack not in spinning]
    return (
        len(spinning) == len(running)
        and all(map(is_spinner, spinning))
        and all(
            mine is not None and is_poller(mine)
            for mine in [stack_of(tid, home, others, pid) for tid, home in timed.items()]
        )
    )

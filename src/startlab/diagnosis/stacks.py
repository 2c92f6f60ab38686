"""Questions about a thread's Python stack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Frame, Thread, WaitKind


# --- stacks and texts ---------------------------------------------------------------------------

ABSOLUTE: Final = re.compile(r"^(/|[A-Za-z]:[\\/]|<)|^.+\.p(yx|xi|xd)(:\d+)?$")
"""A file that is none of the program's; Cython's frames have the paths of where it was built."""


def own_frame(thread: Thread) -> Frame | None:
    """Give the innermost frame in a file of the program, whose name is relative."""
    return next(iter(own_frames(thread)), None)


def line_of(thread: Thread) -> str | None:
    """Give the line of the program that a thread is at."""
    frame = own_frame(thread)
    return f"{frame.file}:{frame.line}" if frame else None


def library_frames(thread: Thread) -> list[Frame]:
    """Give the frames inside of the program's innermost one."""
    frame = own_frame(thread)
    return list(thread.stack[: thread.stack.index(frame)]) if frame else list(thread.stack)


def through(thread: Thread, *files: str) -> bool:
    """Tell whether the frames inside of the program's innermost one are of some files."""
    return any(part in each.file for each in library_frames(thread) for part in files)


def is_waiting(thread: Thread, *kinds: WaitKind) -> bool:
    """Tell whether what a thread waits for is of one of the kinds."""
    return thread.wait is not None and thread.wait.kind in kinds


def waits_for_lock(thread: Thread) -> bool:
    """Tell whether a thread waits for a lock, of its process or between processes."""
    return is_waiting(thread, "lock", "shared lock")


def waits_for_child(thread: Thread) -> bool:
    """Tell whether a thread waits for the end of a child; that of a fork server is a pipe's end."""
    return is_in(thread, "process.py", "join") or is_waiting(thread, "child")


def waits_for_managers_lock(thread: Thread) -> bool:
    """Tell whether a thread waits for a manager to take a lock for it."""
    return is_in(thread, "managers.py", "acquire", "__enter__")


def is_at(frame: Frame, file: str, function: str) -> bool:
    """Tell whether a frame is of a function of a file."""
    return frame.file.endswith(file) and frame.function.rpartition(".")[2] == function


def is_in(thread: Thread, file: str, *functions: str) -> bool:
    """Tell whether the program's innermost line has called one of a library's functions."""
    return any(is_at(each, file, name) for each in library_frames(thread) for name in functions)


def is_idle_loop(thread: Thread) -> bool:
    """Tell whether a thread is in asyncio's loop, which has nothing to do."""
    return is_waiting(thread, "poll") and is_in(thread, "asyncio/base_events.py", "_run_once")


def is_helper(thread: Thread) -> bool:
    """Tell whether a thread is the resource tracker's, or the fork server's that waits for work.

    A child of the fork server has its frames outermost too, also when it is at its end.
    """
    files = [each.file.rpartition("/")[2] for each in thread.stack]
    if "resource_tracker.py" in files or "semaphore_tracker.py" in files:
        return True
    return files[-2:-1] == ["forkserver.py"] and set(files[:-2]) <= {"selectors.py"}


def is_idle_feeder(thread: Thread) -> bool:
    """Tell whether a thread is that of a Queue, which waits for an item that it could write."""
    return (
        len(thread.stack) > 1
        and is_at(thread.stack[0], "threading.py", "wait")
        and is_at(thread.stack[1], "queues.py", "_feed")
    )


def own_line(frames: Sequence[tuple[str, int]]) -> str | None:
    """Give the innermost line of the program's own in a traceback."""
    return next((f"{f}:{n}" for f, n in reversed(frames) if not ABSOLUTE.match(f)), None)


def own_lines(crash: str) -> list[str]:
    """Give the program's own lines in a stack of faulthandler's, innermost first."""
    current = crash.partition("\nCurrent thread ")[2] or crash
    found = re.findall(r'^\s*File "(.+)", line (\d+)', current.partition("\n\n")[0], re.MULTILINE)
    return [f"{file}:{line}" for file, line in found if not ABSOLUTE.match(file)]


def own_frames(thread: Thread) -> list[Frame]:
    """Give a thread's frames in files of the program; a forked child has its parent's below."""
    ends = (i for i, each in enumerate(thread.stack) if is_at(each, "popen_fork.py", "_launch"))
    stack = thread.stack[: next(ends, None)]
    return [each for each in stack if not ABSOLUTE.match(each.file)]


def is_own(where: str | None) -> bool:
    """Tell whether a `file:line` is the program's own, whose files are relative."""
    return where is not None and not ABSOLUTE.match(where)

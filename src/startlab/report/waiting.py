"""Who waits for what at which line: the processes of a hang, as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.stacks import own_frames
from startlab.report.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from startlab.model import Process, Thread

MOST_PROCESSES: Final = 12
MOST_FRAMES: Final = 12
"""Of a stack: the innermost are those that tell."""

_LIBRARY: Final = re.compile(r"^.*/lib/python[0-9.]+t?/(site-packages/)?")
"""What is before the name that a file of the standard library, or of a package, is known by."""

_OUTER: Final = (
    "/bin/pytest",
    "/_pytest/",
    "/pluggy/",
    "/pytest/",
    "/startlab_suite.py",
    "<frozen ",
)
"""What is in the path of a frame that is no news to who runs a test."""


def lines(processes: Iterable[Process]) -> Iterator[str]:
    """Give a heading for each process, and for each of its threads what it waits for and where."""
    every = list(processes)
    for process in every[:MOST_PROCESSES]:
        what = process.role or "a child"
        yield f"pid {process.pid}, {what}, of pid {process.ppid}"
        for thread in process.threads:
            yield from _thread(process, thread)
    if len(every) > MOST_PROCESSES:
        yield f"and {len(every) - MOST_PROCESSES} more processes"


def _thread(process: Process, thread: Thread) -> Iterator[str]:
    name = thread.name or ("main thread" if thread.tid == process.pid else f"thread {thread.tid}")
    said = "; ".join(filter(None, (thread.waits, thread.wakers)))
    yield f"  {one_line(name)}{f' {one_line(said)}' if said else ''}"
    told = [each for each in own_frames(thread) if not any(part in each.file for part in _OUTER)]
    for frame in told[:MOST_FRAMES]:
        file = _LIBRARY.sub("", one_line(frame.file))
        yield f"    {file}:{frame.line} in {one_line(frame.function)}"
    if len(told) > MOST_FRAMES:
        yield f"    and {len(told) - MOST_FRAMES} more"

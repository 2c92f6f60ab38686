"""Python stacks from faulthandler, without py-spy: a signal makes a process write its own.

On Windows, which has no such signal, every process writes them just before the time limit. The
injection registers the signal only if the agent names one. A signal interrupts the wait of the
thread that gets it, so it is sent only at the end of a trial.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from typing import List, Optional

from . import boundary
from .stacks import Frame, Stack

SETTLED_S = 0.02

_THREAD = re.compile(
    r"^(?:Current t|T)hread 0x[0-9a-f]+ (?:\[(?P<name>.*)\] )?\(most recent call first\):"
)
_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)$')


def signal_number() -> Optional[int]:
    """Choose a signal that programs rarely use; None if the platform has none."""
    if sys.platform == "win32":
        return None
    if sys.platform == "linux":
        return int(signal.SIGRTMAX) - 2
    return getattr(signal, "SIGINFO", None)


def stacks(pid: int, number: int, file: str, deadline: float) -> List[Stack]:
    """Make a process append its stacks to `file`, and read them; none if it has not by `deadline`.

    The process may be gone, stopped, or have closed or removed the file.
    """
    try:
        return _stacks(pid, number, file, deadline)
    except OSError:
        return []


def _stacks(pid: int, number: int, file: str, deadline: float) -> List[Stack]:
    before = boundary.size(file)
    os.kill(pid, number)
    seen, since = before, time.monotonic()
    while time.monotonic() < deadline:
        size = boundary.size(file)
        if size != seen:
            seen, since = size, time.monotonic()
        elif seen > before and time.monotonic() - since > SETTLED_S:
            break
        time.sleep(0.002)  # nothing portable notifies of a file that grows
    return parse(boundary.read(file, before).data.decode("utf-8", "backslashreplace"))


def written(file: str) -> List[Stack]:
    """Read the last stacks that a process has written by itself; none if there are none."""
    try:
        text = boundary.read(file).data.decode("utf-8", "backslashreplace")
    except OSError:
        return []
    return parse(text.rpartition("Timeout (")[2])


def parse(text: str) -> List[Stack]:
    """Parse what faulthandler wrote about the threads of one process."""
    found: List[Stack] = []
    for line in text.splitlines():
        thread, frame = _THREAD.match(line), _FRAME.match(line)
        if thread:
            found.append(Stack(None, thread["name"] or "", ()))
        elif frame and found:
            read = Frame(frame["file"], int(frame["line"]), frame["function"])
            found[-1] = found[-1]._replace(frames=(*found[-1].frames, read))
    return [stack for stack in found if stack.frames]

"""Python stacks by faulthandler, where there is no py-spy: a signal has a process write its own.

On Windows, where there is no such signal, every process writes them just before the time limit.
The injection registers the signal, only when the agent names one. A signal ends the wait of the
thread that gets it, so this is for the end of a trial alone.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from typing import List, Optional

from .stacks import Frame, Stack

SETTLED_S = 0.02

_THREAD = re.compile(
    r"^(?:Current t|T)hread 0x[0-9a-f]+ (?:\[(?P<name>.*)\] )?\(most recent call first\):"
)
_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)$')


def signal_number() -> Optional[int]:
    """Choose the signal, one that programs hardly use; None where a process cannot be asked so."""
    if sys.platform == "win32":
        return None
    if sys.platform == "linux":
        return int(signal.SIGRTMAX) - 2
    return getattr(signal, "SIGINFO", None)


def stacks(pid: int, number: int, file: str, deadline: float) -> List[Stack]:
    """Have a process append its stacks to `file`, and read them; none if it has not by `deadline`.

    The process may be gone, stopped, or have closed or removed the file.
    """
    try:
        return _stacks(pid, number, file, deadline)
    except OSError:
        return []


def _stacks(pid: int, number: int, file: str, deadline: float) -> List[Stack]:
    before = os.path.getsize(file)
    os.kill(pid, number)
    seen, since = before, time.monotonic()
    while time.monotonic() < deadline:
        size = os.path.getsize(file)
        if size != seen:
            seen, since = size, time.monotonic()
        elif seen > before and time.monotonic() - since > SETTLED_S:
            break
        time.sleep(0.002)  # a file tells nobody that it has grown
    with open(file, "rb") as dumped:
        dumped.seek(before)
        return parse(dumped.read().decode("utf-8", "backslashreplace"))


def written(file: str) -> List[Stack]:
    """Read the last stacks that a process has written by itself; none if it has not."""
    try:
        with open(file, "rb") as dumped:
            text = dumped.read().decode("utf-8", "backslashreplace")
    except OSError:
        return []
    return parse(text.rpartition("Timeout (")[2])


def parse(text: str) -> List[Stack]:
    """Read what faulthandler wrote of the threads of one process."""
    found: List[Stack] = []
    for line in text.splitlines():
        thread, frame = _THREAD.match(line), _FRAME.match(line)
        if thread:
            found.append(Stack(None, thread["name"] or "", ()))
        elif frame and found:
            read = Frame(frame["file"], int(frame["line"]), frame["function"])
            found[-1] = found[-1]._replace(frames=(*found[-1].frames, read))
    return [stack for stack in found if stack.frames]

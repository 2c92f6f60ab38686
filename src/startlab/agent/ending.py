"""A script, `ending.py PID`: end an agent that no longer answers, with all its processes.

Its processes first: without it, which adopts those that lose their parents, nobody could tell whose
they are. For containers, hence Linux, and Windows under Wine, where they end with their job object.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Dict, List

ENDING_S = 5.0


def main(pid: int) -> None:
    """End it, and what it has started."""
    if sys.platform == "win32":
        os.kill(pid, signal.SIGTERM)  # which is TerminateProcess
        return
    deadline = time.monotonic() + ENDING_S
    _signal(pid, signal.SIGSTOP)
    while time.monotonic() < deadline:
        below = _descendants(pid)
        if not below:
            break
        for each in below:
            _signal(each, signal.SIGKILL)
    _signal(pid, signal.SIGKILL)


def _descendants(pid: int) -> List[int]:
    """List the living ones."""
    children: Dict[int, List[int]] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name, "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
        except OSError:
            continue
        if state not in (b"Z", b"X"):
            children.setdefault(int(parent), []).append(int(name))
    found: List[int] = []
    todo = [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def _signal(pid: int, number: "signal.Signals") -> None:
    try:
        os.kill(pid, number)
    except OSError:
        pass


if __name__ == "__main__":
    main(int(sys.argv[1]))

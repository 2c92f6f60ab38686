"""The processes of a trial on a unix without /proc and subreapers (macOS): as ps(1) shows them.

An orphan is recognized by its process group, or because it was seen before it became one: a process
that leaves the group and loses its parent between two looks is not found.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

assert sys.platform != "win32"


class Row(NamedTuple):
    """A line of ps(1)."""

    pid: int
    ppid: int
    pgid: int
    state: str
    cpu_s: float
    started: str
    command: str


def prepare(wake: Callable[[], None]) -> None:
    """Call `wake` when a child ends."""
    signal.signal(signal.SIGCHLD, lambda *_: wake())


def birth() -> str:
    """Return nothing: here no number of a process's start stays the same when the clock jumps."""
    return ""


class Job:
    """A program and all that it starts. There is one at a time."""

    def __init__(self, argv: List[str], **options: Any) -> None:  # noqa: ANN401 - Popen's own
        self.exit_status: Optional[int] = None
        self._seen: Dict[Tuple[int, str], float] = {}  # the CPU time at the last look
        self._process = subprocess.Popen(argv, start_new_session=True, **options)
        self.pid = self._process.pid

    def reap(self) -> None:
        """Reap the program if it has ended."""
        self.exit_status = self._process.poll()

    def members(self) -> List[int]:
        """List every living process of the job."""
        return [row.pid for row in self._rows()]

    def processes(self) -> List[Dict[str, Any]]:
        """Describe every process of the job, as `Process` of the model."""
        return [
            {
                "pid": row.pid,
                "ppid": row.ppid,
                "command": row.command,
                "state": row.state,
                "cpu_s": row.cpu_s,
            }
            for row in self._rows()
        ]

    def cpu(self) -> float:
        """Return the CPU time of the job that was seen, in seconds."""
        self._rows()
        return sum(self._seen.values())

    def scheduling(self) -> Tuple[float, float]:
        """Return how long the job ran, in seconds; how long it waited for a core is unknown."""
        return self.cpu(), 0.0

    def ready(self) -> bool:
        """Return False: which threads wait for a core is not known here."""
        return False

    def end(self) -> bool:
        """End every process of the job; return whether none is left."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            rows = self._rows()
            for row in rows:
                try:
                    os.kill(row.pid, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    continue
            self.reap()
            if not rows:
                return True
        return False

    def shared_memory(self) -> Dict[str, int]:
        """Return nothing: the names of POSIX shared memory cannot be listed here."""
        return {}

    def _rows(self) -> List[Row]:
        rows = _ps()
        mine = {
            row.pid for row in rows if row.pgid == self.pid or (row.pid, row.started) in self._seen
        }
        grown = True
        while grown:
            children = {row.pid for row in rows if row.ppid in mine}
            grown = not children <= mine
            mine |= children
        living = [row for row in rows if row.pid in mine and not row.state.startswith("Z")]
        self._seen.update({(row.pid, row.started): row.cpu_s for row in living})
        return living


def remove_shared_memory(mapped: Dict[str, int]) -> List[str]:
    """Remove nothing: `Job.shared_memory` finds nothing here."""
    return sorted(mapped)


def _ps() -> List[Row]:
    columns = "pid=,ppid=,pgid=,stat=,time=,lstart=,command="
    shown = subprocess.run(
        ["/bin/ps", "-axwwo", columns], stdout=subprocess.PIPE, check=False
    ).stdout
    return parse(shown.decode("utf-8", "backslashreplace"))


def parse(shown: str) -> List[Row]:
    """Parse the output of ps(1)."""
    rows = []
    for line in shown.splitlines():
        fields = line.split(None, 10)
        if len(fields) > 9 and fields[0].isdigit():  # else it continues a command line
            pid, ppid, pgid = map(int, fields[:3])
            command = fields[10] if len(fields) > 10 else ""
            rows.append(
                Row(pid, ppid, pgid, fields[3], _cpu(fields[4]), " ".join(fields[5:10]), command)
            )
    return rows


def _cpu(shown: str) -> float:
    """Parse `[DAYS-][HOURS:]MINUTES:SECONDS[.HUNDREDTHS]`."""
    days, _, rest = shown.rpartition("-")
    total = 0.0
    for part in rest.split(":"):
        total = total * 60 + float(part)
    return float(days or 0) * 86400 + total

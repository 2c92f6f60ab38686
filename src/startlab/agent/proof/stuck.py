"""Processes that cannot go on while others of the job can.

A careful program gives such a child up after a while and kills it, and then nothing shows what it
was in. So it is noted as soon as it is seen.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Callable, Dict, NamedTuple, Sequence, Tuple

if TYPE_CHECKING:
    from ..stacks import Stack
    from . import Prover
    from .facts import Waiting

EVERY_S = 0.3
SHARE = 0.005  # of a core
MOST = 3  # processes of a trial; their stacks are some 40 ms of work for each


class Found(NamedTuple):
    """A process that cannot go on."""

    parent: int
    waiting: Tuple[Waiting, ...]
    stacks: Dict[int, Stack]


class Stuck:
    """Looks at a job now and then; `found` has what the threads of such processes are in.

    `stacks` reads those of some threads of a process.
    """

    def __init__(
        self, prover: Prover, stacks: Callable[[int, Sequence[int]], Dict[int, Stack]]
    ) -> None:
        self.found: Dict[int, Found] = {}
        self._prover = prover
        self._stacks = stacks
        self._last: Dict[int, object] = {}
        self._again = False  # the next look is one at what the last one has found
        self._used_s = 0.0
        self._next = time.monotonic() + EVERY_S

    def look(self) -> None:
        """Look again, if it is time."""
        if time.monotonic() < self._next:
            return
        began = time.thread_time()
        seen = self._prover.stuck()
        for pid in [pid for pid in self.found if pid not in seen and _lives(pid)]:
            del self.found[pid]  # it has gone on, by a signal perhaps
        for pid, (process, waiting) in seen.items():
            unmoved = self._last.get(pid) == process
            if unmoved and pid not in self.found and len(self.found) < MOST:
                mine = self._stacks(pid, [each.tid for each in waiting])
                self.found[pid] = Found(process.stat.parent, waiting, mine)
        is_new = not seen.keys() <= self._last.keys()
        self._last = {pid: process for pid, (process, _) in seen.items()}
        self._used_s += time.thread_time() - began
        if is_new and not self._again:  # what is soon killed is to be seen twice before
            self._again, pause_s = True, EVERY_S
        else:
            self._again, pause_s = False, max(EVERY_S, self._used_s / SHARE)
            self._used_s = 0.0
        self._next = time.monotonic() + pause_s


if sys.platform == "linux":
    from . import procfs

    def _lives(pid: int) -> bool:
        try:
            return procfs.stat(pid).state not in "ZX"
        except OSError:
            return False
else:

    def _lives(pid: int) -> bool:  # noqa: ARG001 - as on Linux
        return False

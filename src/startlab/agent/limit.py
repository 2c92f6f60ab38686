"""The time limit of a trial."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from .job import Job

MOST_STARVED = 6  # times the time limit
MOST_PROGRESS = 3  # the same
CORES = os.cpu_count() or 1
QUIET_S = 2.0
LEAST_STILL_S = 3.0
TIMES_PASSING = 5
QUIET_SHARE = 0.05  # of a core; less is quiescent
UNSEEN_S = 1.0  # without a core: a thread that is ready gets one in 0.1 s as a rule
UNSEEN_SHARE = 0.001  # of a core


class Limit:
    """The time limit: its clock stops while other programs use the cores that the job needs.

    It does not stop for a job that starves itself, with more threads than cores. `written` returns
    how much the job has written; while that grows, so does the limit.
    """

    def __init__(self, job: Job, timeout_s: float, written: Callable[[], int]) -> None:
        self._job = job
        self._timeout_s = timeout_s
        self._written = written
        self._seen_written = 0
        self._progress_s = 0.0
        self._began = self._looked = self._ran_at = self._busy_at = time.monotonic()
        self._next = self._still_next = self._began
        self._ran = self._starved = 0.0
        self.starved_s = 0.0

    @property
    def limit_s(self) -> float:
        """The time limit as it is now."""
        starved = self._timeout_s + min(self.starved_s, (MOST_STARVED - 1) * self._timeout_s)
        progressing = min(self._progress_s + self._timeout_s / 2, MOST_PROGRESS * self._timeout_s)
        return max(starved, progressing)

    @property
    def elapsed_s(self) -> float:
        """How long the job has been there."""
        return time.monotonic() - self._began

    @property
    def idle_s(self) -> float:
        """How long the job has used almost no CPU."""
        return self._looked - self._busy_at

    @property
    def still_s(self) -> float:
        """How long no thread of the job has run."""
        return time.monotonic() - self._ran_at

    def still_long(self, passing_s: float) -> bool:
        """Whether no thread has run for much longer than a trial takes that passes.

        If so, that is said once and the question put again only after a while.
        """
        now = time.monotonic()
        if now - self._ran_at < max(LEAST_STILL_S, TIMES_PASSING * passing_s):
            return False
        if now < self._still_next:
            return False
        self._still_next = now + 1.0
        return True

    @property
    def quiet(self) -> bool:
        """Whether the job has used almost no CPU recently."""
        return self.idle_s >= min(QUIET_S, self._timeout_s / 2)

    def look(self) -> bool:
        """Measure what the job used and lacked since the last look; return whether time is over."""
        now = time.monotonic()
        written = self._written()
        if written > self._seen_written:
            self._seen_written, self._progress_s = written, now - self._began
        if now >= self._next:
            ran, starved = self._job.scheduling()
            passed, used = now - self._looked, ran - self._ran
            taken_by_others = passed - used / CORES
            lacked = starved - self._starved
            if now - self._ran_at > UNSEEN_S and used < UNSEEN_SHARE * passed:
                # The kernel counts a wait for a core once it is over. A machine of which others
                # have the cores, or that was itself stopped, has threads wait for many seconds.
                lacked = passed if self._job.ready() else lacked
            self.starved_s += max(0.0, min(lacked, taken_by_others))
            if used:
                self._ran_at = now
            if used > QUIET_SHARE * passed or lacked > (1 - QUIET_SHARE) * passed:
                self._busy_at = now
            self._ran, self._starved, self._looked = ran, starved, now
            # Measuring hundreds of processes takes a while.
            self._next = now + 20 * (time.monotonic() - now)
        return now - self._began > self.limit_s

"""What the proof tells of a job, as plain values."""

from __future__ import annotations

from typing import NamedTuple, Tuple


class Waiting(NamedTuple):
    """A thread, what it waits for, and who could end that and why they do not.

    `waits_for` are the processes that could.
    """

    pid: int
    tid: int
    waits: str
    wakers: str
    waits_for: Tuple[int, ...] = ()


class Verdict(NamedTuple):
    """A proof that the job hangs: of every thread that it can never run again.

    The first thread of the program comes first, or that of the oldest process it has left.
    """

    grade: str
    threads: Tuple[Waiting, ...]
    assumptions: Tuple[str, ...]

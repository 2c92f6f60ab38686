"""A lock that was taken and never given back.

## What it sees
A thread waits for a lock, and no living thread has it: the process or the thread that took it has
ended, or the function that took it has returned.

## Why
A lock is not released by the end of the process, the thread or the function that took it. Nor is
a semaphore: what was taken by a process that has ended stays taken.

## What to do
Take the lock with `with`: it is released at the end of the block, also by a `return` or an
exception.

## Bad
```python
lock.acquire()
if not items:
    raise LookupError
lock.release()
```

## Good
```python
with lock:
    if not items:
        raise LookupError
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.diagnosis import locks
from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import listed
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import all_written
from startlab.diagnosis.stacks import (
    is_at,
    is_in,
    is_waiting,
    library_frames,
    line_of,
    own_frames,
    through,
    waits_for_lock,
    waits_for_managers_lock,
)

if TYPE_CHECKING:
    from startlab.model import FindingGrade, Process, Thread

MECHANISMS: Final = (
    Mechanism(
        "never_released",
        advice="Take the lock with `with`, which releases it whatever happens; or call release() "
        "in a `finally`.",
    ),
)

_PERMITS: Final = re.compile(r"Semaphore\((?:value=)?([1-9]\d*|[A-Za-z_][\w.]*)\)")


def find(case: Case) -> Cause | None:
    """See a wait for a lock that none has who lives."""
    for process, thread in case.threads():
        why = _why(case, process, thread) if own_frames(thread) else None
        if why is not None:
            where = line_of(thread)
            return Cause(
                "never_released",
                f"{case.who(process)} waits at {where} for {locks.described(case, thread)}"
                f"{why.which}",
                f"{why.text}{_taken_at(case, thread)}",
                where,
                grade=why.grade,
            )
    return None


class _Why(NamedTuple):
    """How it was kept: what is said of the lock, and why nothing releases it."""

    which: str
    text: str
    grade: FindingGrade | None = None


def _why(case: Case, process: Process, thread: Thread) -> _Why | None:
    if waits_for_managers_lock(thread) and (kept := _kept_by_manager(case, thread)):
        return kept
    if not waits_for_lock(thread) or is_in(thread, "synchronize.py", "wait"):
        return None
    held = thread.wait.held if thread.wait is not None else None
    if held is not None and held.left:
        return _left(thread)
    if held is not None and held.type in locks.SEMAPHORES and not held.holders:
        return _used_up(case, thread)
    return _kept(case, process, thread)


def _left(thread: Thread) -> _Why | None:
    """See that the holder of a lock has ended."""
    if through(thread, "queues.py", "pool.py", "managers.py", "logging"):
        return None
    taker = "process" if is_waiting(thread, "shared lock") else "thread"
    return _Why(
        f", which a {taker} took that has ended without releasing it",
        f"Nothing releases it at the end of the {taker} that has it.",
        "shown",
    )


def _used_up(case: Case, thread: Thread) -> _Why | None:
    """See a semaphore that was made with more than 0, which only those can have who ended."""
    made = locks.made_at(case, thread)
    first = _PERMITS.search(case.sources.code(made))
    gone = any(start.child not in case.processes for start in case.trial.starts)
    if first is None or not gone:
        return None
    times = f"{first[1]} times " if first[1].isdecimal() else ""
    return _Why(
        f", which was taken {times}by processes that have ended without releasing it",
        "Nothing releases a semaphore at the end of the process that has taken it.",
    )


def _kept(case: Case, process: Process, thread: Thread) -> _Why | None:
    """See a lock of one process that no thread has: a function kept it."""
    if not is_waiting(thread, "lock") or library_frames(thread):
        return None
    held = any(locks.holds(case, each, thread) for each in process.threads)
    if held or not _taken_at(case, thread):
        return None
    return _Why(
        ", which was taken and not released",
        "No living thread has it in a `with` block, or could release it: what took it has returned "
        "or ended.",
    )


def _kept_by_manager(case: Case, thread: Thread) -> _Why | None:
    """See a manager's lock that its server waits for, and no thread has."""
    others = [each for _, each in case.threads() if each is not thread]
    waits = any(
        is_waiting(each, "lock")
        and any(is_at(f, "managers.py", "serve_client") for f in each.stack)
        for each in others
    )
    held = any(locks.holds(case, each, thread) for each in others)
    if not locks.taken(case, thread) or not waits or held:
        return None
    return _Why(
        " of a manager, which was taken and not released",
        "No living process has it in a `with` block. A manager does not release a lock whose "
        "holder has ended.",
    )


def _taken_at(case: Case, thread: Thread) -> str:
    """Say where the lock is taken by acquire() and not by `with`."""
    wanted = locks.taken(case, thread)
    names = "|".join(re.escape(each.partition(".")[2].rpartition(".")[2]) for each in wanted)
    lines = all_written(case.sources, rf"\b({names})\.acquire\(") if names else []
    return f" It is taken without `with` at {listed(lines[:3])}." if lines else ""

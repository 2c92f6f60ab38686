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
from typing import TYPE_CHECKING, Final

from startlab.diagnosis import locks
from startlab.diagnosis.case import Case, Cause, held_locks
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
    from startlab.model import Process, Thread

MECHANISMS: Final = (
    Mechanism(
        "never_released",
        advice="Take the lock with `with`, which releases it whatever happens; or call release() "
        "in a `finally`.",
    ),
)

_SEMAPHORES: Final = ("Semaphore", "BoundedSemaphore")
_PERMITS: Final = re.compile(r"Semaphore\((?:value=)?([1-9]\d*|[A-Za-z_][\w.]*)\)")


def find(case: Case) -> Cause | None:
    """See a wait for a lock that none has who lives."""
    for process, thread in case.threads():
        wait = thread.wait
        if waits_for_managers_lock(thread) and own_frames(thread):
            kept = _kept_by_manager(case, process, thread)
            if kept is not None:
                return kept
        if not waits_for_lock(thread) or wait is None or not own_frames(thread):
            continue
        if is_in(thread, "synchronize.py", "wait"):
            continue
        held = wait.held
        if held is not None and held.left:
            return _left(case, process, thread)
        if held is not None and held.type in _SEMAPHORES and not held.holders:
            used = _used_up(case, process, thread)
        else:
            used = _kept(case, process, thread)
        if used is not None:
            return used
    return None


def _left(case: Case, process: Process, thread: Thread) -> Cause | None:
    """Tell of a lock whose holder is seen to have ended."""
    if through(thread, "queues.py", "pool.py", "managers.py", "logging"):
        return None
    where = line_of(thread) or ""
    taker = "process" if is_waiting(thread, "shared lock") else "thread"
    return Cause(
        "never_released",
        f"{case.who(process)} waits at {where} for {locks.described(case, thread)}, which a "
        f"{taker} took that has ended without releasing it",
        f"Nothing releases it at the end of the {taker} that has it.{_taken_at(case, thread)}",
        where,
        grade="shown",
    )


def _used_up(case: Case, process: Process, thread: Thread) -> Cause | None:
    """Tell of a semaphore that was made with more than 0, which only those can have who ended."""
    made = locks.made_at(case, thread)
    first = re.search(
        r"Semaphore\((?:value=)?([1-9]\d*|[A-Za-z_][\w.]*)\)", case.sources.code(made)
    )
    gone = any(start.child not in case.processes for start in case.trial.starts)
    if first is None or not gone:
        return None
    where = line_of(thread) or ""
    times = f"{first[1]} times " if first[1].isdecimal() else ""
    return Cause(
        "never_released",
        f"{case.who(process)} waits at {where} for {locks.described(case, thread)}, which was "
        f"taken {times}by processes that have ended without releasing it",
        "Nothing releases a semaphore at the end of the process that has taken it."
        f"{_taken_at(case, thread)}",
        where,
    )


def _kept(case: Case, process: Process, thread: Thread) -> Cause | None:
    """Tell of a lock of one process that no thread is seen to have: a function kept it."""
    frames = own_frames(thread)
    if not is_waiting(thread, "lock") or library_frames(thread):
        return None
    wanted = case.sources.file(frames[0].file).locks_at(frames[0].line)[0]
    for other in process.threads:
        if wanted & held_locks(case, other)[1]:
            return None
    taken = _taken_at(case, thread)
    if not wanted or not taken:
        return None
    where = line_of(thread) or ""
    return Cause(
        "never_released",
        f"{case.who(process)} waits at {where} for {locks.described(case, thread)}, which was "
        "taken and not released",
        f"No living thread has it in a `with` block, or could release it: what took it "
        f"has returned or ended.{taken}",
        where,
    )


def _kept_by_manager(case: Case, process: Process, thread: Thread) -> Cause | None:
    """Tell of a manager's lock that its server waits for, and no thread is seen to have."""
    frames = own_frames(thread)
    wanted = case.sources.file(frames[0].file).locks_at(frames[0].line)[0]
    others = [each for _, each in case.threads() if each is not thread]
    waits = any(
        is_waiting(each, "lock")
        and any(is_at(f, "managers.py", "serve_client") for f in each.stack)
        for each in others
    )
    if not wanted or not waits or any(wanted & held_locks(case, each)[1] for each in others):
        return None
    where = line_of(thread) or ""
    return Cause(
        "never_released",
        f"{case.who(process)} waits at {where} for {locks.described(case, thread)} of a manager, "
        "which was taken and not released",
        "No living process has it in a `with` block. A manager does not release a lock whose "
        f"holder has ended.{_taken_at(case, thread)}",
        where,
    )


def _taken_at(case: Case, thread: Thread) -> str:
    """Say where the lock is taken by acquire() and not by `with`."""
    frames = own_frames(thread)
    wanted = case.sources.file(frames[0].file).locks_at(frames[0].line)[0]
    names = "|".join(re.escape(each.partition(".")[2].rpartition(".")[2]) for each in wanted)
    if not names:
        return ""
    lines = all_written(case.sources, rf"\b({names})\.acquire\(")
    return f" It is taken without `with` at {listed(lines[:3])}." if lines else ""

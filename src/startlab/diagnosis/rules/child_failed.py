"""Waiting for a child that failed.

## What it sees
A child has ended with an exception or a bad exit status, and the program still waits: for what the
child should have sent, or for a lock that it had.

## Why
A queue's reader is not notified when the writing process exits, nor is whoever waits for an event.
A lock between processes stays taken when the process that has it ends.

## What to do
Fix what the child raises. Wait with a timeout, or on `Process.sentinel` too. Take locks by `with`.

## Bad
```python
def work(queue):
    queue.put(1 / 0)

multiprocessing.Process(target=work, args=(queue,)).start()
print(queue.get())
```

## Good
```python
def work(queue):
    try:
        queue.put(1 / 0)
    except ZeroDivisionError as error:
        queue.put(error)

multiprocessing.Process(target=work, args=(queue,)).start()
print(queue.get(timeout=10))
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause, ended_by
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import (
    is_waiting,
    library_frames,
    line_of,
    own_frame,
    own_line,
    waits_for_managers_lock,
)

MECHANISMS: Final = (
    Mechanism(
        "child_failed",
        symptom=True,
        advice="Fix what the child raises; wait with a timeout, or on Process.sentinel too.",
    ),
    Mechanism(
        "holder_failed",
        advice="Take the lock with `with lock:`, which always releases it.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a child has ended badly, and something still waits for what it should send."""
    failed = [each for each in case.tracebacks if each.child]
    died = case.died
    if not failed and not died:
        return None
    root = case.root
    waiting = next((t for p, t in case.threads() if p == root and own_frame(t)), None)
    where = line_of(waiting) if waiting else case.where
    if failed:
        last = failed[0]
        place = own_line(last.frames)
        said = f"{last.said} at {place}" if place else last.said
    else:
        said = ended_by(died[0][1])
        place = None
    waiter = _waits_for_a_lock_taken_by_hand(case) if failed else None
    if waiter is not None:
        return Cause(
            "holder_failed",
            f"a child has ended with {said}, and with the lock that {waiter} waits for",
            "An exception between acquire() and release() skips the release, and a lock between "
            "processes stays held when the process that holds it ends.",
            place,
            key=place or said,
        )
    killed = not failed and died[0][1] < 0
    if killed and any(is_waiting(t, "shared lock") for _, t in case.threads()):
        return Cause(
            "holder_killed",
            f"{where} waits for a lock of a process that was ended ({said}) while it held it",
            "A multiprocessing lock is not released when the process that holds it is killed, and "
            "a queue uses such locks internally.",
            where,
        )
    taker = next((t for _, t in case.threads() if killed and waits_for_managers_lock(t)), None)
    if taker is not None:
        return Cause(
            "holder_killed",
            f"{line_of(taker)} waits for a manager's lock of a process that was ended ({said}) "
            "while it held it",
            "A manager does not release a lock whose holder was killed.",
            line_of(taker),
        )
    return Cause(
        "child_failed",
        f"a child has ended with {said}, and {where} still waits for what it should have sent",
        "A queue's reader is not notified when the writing process exits, nor is whoever waits "
        "for an event.",
        place or where,
        key=place or said,
    )


def _waits_for_a_lock_taken_by_hand(case: Case) -> str | None:
    """Give the line at which a process waits in acquire() for a lock between processes."""
    for _, thread in case.threads():
        where = line_of(thread)
        shared = is_waiting(thread, "shared lock") and not library_frames(thread)
        by_hand = ".acquire(" in case.sources.code(where)
        if by_hand and (shared or waits_for_managers_lock(thread)):
            return where
    return None

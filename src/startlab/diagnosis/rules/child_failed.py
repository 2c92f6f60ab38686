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
from startlab.diagnosis.locks import waits_for_room
from startlab.diagnosis.phrases import at
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import (
    is_waiting,
    library_frames,
    line_of,
    own_frame,
    own_line,
    waits_for_child,
    waits_for_managers_lock,
)

MECHANISMS: Final = (
    Mechanism(
        "child_failed",
        symptom=True,
        advice="Fix what the child raises; wait with a timeout, or on Process.sentinel too.",
    ),
    Mechanism("holder_failed", advice="Take the lock with `with lock:`, which always releases it."),
)


def find(case: Case) -> Cause | None:
    """See that a child has ended badly, and something still waits for what it should send."""
    failed = next((each for each in case.tracebacks if each.child), None)
    if failed is None and not case.died:
        return None
    waiting = next((t for p, t in case.threads() if p == case.root and own_frame(t)), None)
    where = line_of(waiting) if waiting else case.where
    place = own_line(failed.frames) if failed else None
    said = failed.said if failed else ended_by(case.died[0][1])
    said += at(place)
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
    full = waiting is not None and waits_for_room(case, waiting)
    wanted = "it to take something out of the queue" if full else "what it should have sent"
    waits = f"{where} still waits for {wanted}" if where else "the program does not end"
    left = _not_reached(case, place)
    other = next((line_of(t) for p, t in case.threads() if p != case.root and own_frame(t)), None)
    if left is not None and other is not None and waiting is not None and waits_for_child(waiting):
        waits = f"a child that {where} waits for is still at {other}"
    return Cause(
        "child_failed",
        f"a child has ended with {said}, and {waits}",
        "Whoever waits for an item of a queue, for room in it, or for an event is not notified "
        "when the process exits that should see to that."
        + (f" `{case.sources.code(left)}` at {left} was not reached." if left else ""),
        place or where,
        key=place or said,
    )


def _not_reached(case: Case, place: str | None) -> str | None:
    """Give the line, after the one that raised, that others may wait for."""
    if place is None:
        return None
    file, _, line = place.rpartition(":")
    later = case.sources.file(file).mentions_later(_FOR_OTHERS, int(line))
    return f"{file}:{later}" if later is not None else None


_FOR_OTHERS: Final = (
    r"\.(set|put|put_nowait|release|send|send_bytes|notify|notify_all|task_done|unlink|rmdir)\("
    r"|\bos\.(remove|unlink|rmdir|rename|replace)\("
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

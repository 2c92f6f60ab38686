"""Waiting for a child while holding the lock that it needs.

## What it sees
The program waits in `join()`, its line is inside of a `with lock:`, and a child waits for a lock
between processes.

## Why
The child cannot end before it has the lock, and the program keeps it until the child has ended.

## What to do
Wait for the child's end after the lock was released.

## Bad
```python
with lock:
    child.start()
    child.join()
```

## Good
```python
with lock:
    child.start()
child.join()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause, held_locks, joining
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import is_in, is_waiting, line_of, own_frames, through

MECHANISMS: Final = (
    Mechanism("joined_under_lock", advice="Wait for the child's end after the lock was released."),
)


def find(case: Case) -> Cause | None:
    """See the program wait for the end of a child while it holds the lock that this needs."""
    root = case.root
    joiner = joining(case)
    if joiner is None or not held_locks(case, joiner)[1]:
        return None
    for process, thread in case.threads():
        own = own_frames(thread)
        shared = is_waiting(thread, "shared lock")
        if process == root or not shared or not own or through(thread, "queues.py"):
            continue
        if is_in(thread, "synchronize.py", "wait"):
            continue
        where = line_of(joiner)
        return Cause(
            "joined_under_lock",
            f"the program waits at {where} for the end of a child, and holds the lock that the "
            f"child waits for at {line_of(thread)}",
            "The child cannot end before it has the lock, and the program keeps it until the child "
            "has ended.",
            where,
        )
    return None

"""Locks that are taken in opposite orders, or twice.

## What it sees
Threads wait for locks, and by the sources each holds the lock that the other waits for; or one
waits for the lock that it holds itself.

## Why
A `Lock` can be taken once, also by the same thread. Two that take two locks in different orders
wait for each other.

## What to do
Take the locks in one order everywhere; use an `RLock` where the same thread takes it again.

## Bad
```python
def there():
    with first, second:
        ...

def back():
    with second, first:
        ...
```

## Good
```python
def there():
    with first, second:
        ...

def back():
    with first, second:
        ...
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause, held_locks
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import line_of, own_frames, through, waits_for_lock

if TYPE_CHECKING:
    from startlab.model import Thread


MECHANISMS: Final = (
    Mechanism(
        "lock_order",
        shown=True,
        advice="Take the locks in one order everywhere, or have one lock for both.",
    ),
    Mechanism(
        "lock_taken_twice",
        shown=True,
        advice="Use an RLock, or have the inner function be called with the lock held and not take "
        "it.",
    ),
)


def find(case: Case) -> Cause | None:
    """See a thread wait for a lock that it holds itself, or two for each other's."""
    found = []
    for process, thread in case.threads():
        locks = _held_and_wanted(case, thread) if waits_for_lock(thread) else None
        if locks is not None:
            found.append((process, thread, *locks))
    if not found:
        return None
    process, thread, place, wanted, held = found[0]
    where = line_of(thread)
    if len(found) == 1 and wanted & held:
        name = min(wanted & held).partition(".")[2]
        return Cause(
            "lock_taken_twice",
            where or "",
            f"{case.who(process)} waits at {where} for `{name}`, which it has held since {place}",
            "A Lock can be taken once, also by the same thread: it waits for itself. An RLock may "
            "be taken again by the one that holds it.",
            where,
        )
    if len(found) == 1:
        return None
    other = line_of(found[1][1])
    places = f"at {where} and at {other}" if where != other else f"both at {where}"
    return Cause(
        "lock_order",
        " ".join(sorted({where or "", other or ""})),
        f"two wait for each other's lock, {places}",
        "Each holds one lock and waits for a second one, and they take them in different orders.",
        where,
    )


def _held_and_wanted(case: Case, thread: Thread) -> tuple[str, set[str], set[str]] | None:
    """Give where a thread runs with locks held, those that it wants, and those that it holds."""
    own = own_frames(thread)
    if not own or through(thread, "queues.py", "pool.py", "queue.py"):
        return None
    wanted = case.sources.file(own[0].file).locks_at(own[0].line)[0]
    place, held = held_locks(case, thread) if wanted else ("", set())
    return (place, wanted, held) if held else None

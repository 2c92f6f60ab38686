"""Locks that are taken in opposite orders, or twice.

## What it sees
Threads wait for locks, and each holds the lock that the next one waits for, by what their processes
note of it or by the sources; or one waits for the lock that it holds itself.

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

from startlab.diagnosis import locks, phrases
from startlab.diagnosis.case import Case, Cause, held_locks
from startlab.diagnosis.rule import Mechanism

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Process


MECHANISMS: Final = (
    Mechanism(
        "lock_order",
        shown=True,
        advice="Take the locks in one order everywhere, or have one lock for both.",
    ),
    Mechanism(
        "lock_taken_twice",
        shown=True,
        advice="Use an RLock, or let the inner function leave the lock to its caller.",
    ),
)


def find(case: Case) -> Cause | None:
    """See a thread wait for a lock that it holds itself, or a ring for one another's."""
    ring = locks.ring(case)
    if not ring or (len(ring) == 1 and case.died):  # another one was to release it, and failed
        return None
    first = ring[0]
    if len(ring) == 1:
        name, place = locks.described(case, first.thread), held_locks(case, first.thread)[0]
        return Cause(
            "lock_taken_twice",
            f"{case.who(first.process)} waits at {first.where} for {name}, which it "
            + (f"has held since {place}" if place else "has itself"),
            "A Lock can be taken once, also by the same thread: it waits for itself. An RLock may "
            "be taken again by the one that holds it.",
            first.where,
        )
    places = list(dict.fromkeys(each.where for each in ring))
    parts = []
    for each, following in zip(ring, [*ring[1:], first], strict=True):
        who = case.who(each.process) if each is first else "the one"
        has = "the other" if following.where == each.where else f"the one at {following.where}"
        lock = locks.described(case, each.thread)
        parts.append(f"{who} at {each.where} waits for {lock}, which {has} has")
    if len(places) == 1:
        names = list(dict.fromkeys(locks.described(case, each.thread) for each in ring))
        parts = [f"at {places[0]} each waits for {phrases.listed(names)}, which another one has"]
    whom = "each other's lock" if len(ring) == 2 else "one another's locks, in a ring"
    waits = [f"{locks.name_of(case, each.thread)} at {each.where}" for each in ring]
    return Cause(
        "lock_order",
        f"{_who(case, [each.process for each in ring])} wait for {whom} "
        f"({phrases.listed(list(dict.fromkeys(waits)))})",
        f"{phrases.sentence('; '.join(parts))} Each has one lock and waits for another: they take "
        "them in different orders.",
        first.where,
        grade="suspected" if any(each.guessed for each in ring) else None,
        key=" ".join(sorted(places)),
    )


def _who(case: Case, processes: Sequence[Process]) -> str:
    """Name those that wait: threads of one process, children, or the program and its children."""
    count = {2: "two"}.get(len(processes), str(len(processes)))
    if len({each.pid for each in processes}) == 1:
        return f"{count} threads of {case.who(processes[0])}"
    if case.root not in processes:
        return f"{count} children"
    if len(processes) == 2:
        return "the program and a child"
    return f"{count} processes"

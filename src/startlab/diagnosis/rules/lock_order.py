"""Locks that are taken in opposite orders, or twice.

## What it sees
Threads wait for locks, and each holds the lock that the next one waits for, by what their processes
note of it or by the sources; or one waits for the lock that it holds itself, or for a `Semaphore`
that it has taken before.

## Why
A `Lock` can be taken once, also by the same thread. Two that take two locks in different orders
wait for each other. A `Semaphore` lets as many in as it was made with: whoever waits for a second
permit keeps the first meanwhile, and once those that wait have them all, none is given back.

## What to do
Take the locks in one order everywhere; use an `RLock` where the same thread takes it again. Take
one permit for the whole task, or all that it needs under a lock of their own.

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

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis import locks, phrases
from startlab.diagnosis.case import Case, Cause, held_locks
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import (
    line_of,
    through,
    waits_for_lock,
    waits_for_managers_lock,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import FindingGrade, Process, Thread


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
    Mechanism(
        "permit_kept",
        shown=True,
        advice="Take one permit for the whole task, or all that it needs under a lock of their "
        "own: no thread should wait for a second permit while it holds one.",
    ),
)


def find(case: Case) -> Cause | None:
    """See a thread wait for a lock that it holds itself, or a ring for one another's."""
    kept = [(p, t) for p, t in case.threads() if waits_for_lock(t) and _has_permit(case, t)]
    if kept:
        return _permit_kept(case, kept)
    ring = locks.ring(case)
    if not ring or (len(ring) == 1 and case.died):  # another one was to release it, and failed
        return _by_the_sources(case)
    first = ring[0]
    held = first.thread.wait.held if first.thread.wait else None
    if len(ring) == 1 and held is not None and held.type in locks.SEMAPHORES:
        return _permit_kept(case, [(first.process, first.thread)])
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
    parts = []
    for each, following in zip(ring, [*ring[1:], first], strict=True):
        who = case.who(each.process) if each is first else "the one"
        has = "the other" if following.where == each.where else f"the one at {following.where}"
        lock = locks.described(case, each.thread)
        parts.append(f"{who} at {each.where} waits for {lock}, which {has} has")
    if len({each.where for each in ring}) == 1:
        names = list(dict.fromkeys(locks.described(case, each.thread) for each in ring))
        parts = [f"at {first.where} each waits for {phrases.listed(names)}, which another one has"]
    grade: FindingGrade | None = "suspected" if any(each.guessed for each in ring) else None
    return _in_orders(case, [each[:2] for each in ring], parts)._replace(grade=grade)


def _by_the_sources(case: Case) -> Cause | None:
    """See two that each wait for a lock and hold another one, as the program is written."""
    waiting = [
        (process, thread)
        for process, thread in case.threads()
        if (waits_for_lock(thread) or waits_for_managers_lock(thread))
        and not through(thread, "queues.py", "pool.py", "queue.py")
        and locks.taken(case, thread)
        and held_locks(case, thread)[1]
    ][:2]
    if len(waiting) < 2:
        return None
    parts = []
    for _, thread in waiting:
        since, held = held_locks(case, thread)
        names = phrases.listed(sorted(f"`{each.partition('.')[2]}`" for each in held))
        lock = locks.described(case, thread)
        parts.append(
            f"one at {line_of(thread)} waits for {lock}, and has held {names} since {since}"
        )
    return _in_orders(case, waiting, list(dict.fromkeys(parts)))


def _in_orders(case: Case, ring: Sequence[tuple[Process, Thread]], parts: Sequence[str]) -> Cause:
    """Tell of those that take locks in different orders."""
    whom = "each other's lock" if len(ring) == 2 else "one another's locks, in a ring"
    places = [line_of(thread) or "" for _, thread in ring]
    waits = [f"{locks.name_of(case, t)} at {at}" for (_, t), at in zip(ring, places, strict=True)]
    return Cause(
        "lock_order",
        f"{_who(case, [process for process, _ in ring])} wait for {whom} "
        f"({phrases.listed(list(dict.fromkeys(waits)))})",
        f"{phrases.sentence('; '.join(parts))} Each has one lock and waits for another: they take "
        "them in different orders.",
        places[0],
        key=" ".join(sorted(set(places))),
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


def _has_permit(case: Case, thread: Thread) -> bool:
    """Tell whether a thread, as the program is written, has the semaphore that it waits for."""
    made = case.sources.code(locks.made_at(case, thread))
    is_semaphore = re.search(r"\b(Bounded)?Semaphore\(", made) is not None
    return is_semaphore and locks.holds(case, thread, thread)


def _permit_kept(case: Case, waiting: Sequence[tuple[Process, Thread]]) -> Cause:
    """Tell of threads that wait for a semaphore of which they have a permit."""
    thread = waiting[0][1]
    where = line_of(thread)
    if len(waiting) == 1:
        who, has = f"{case.whose(*waiting[0])} waits", "it has"
    else:
        kind = "threads" if len({process.pid for process, _ in waiting}) == 1 else "processes"
        who, has = f"{len(waiting)} {kind} wait", "each has"
    place = held_locks(case, thread)[0]
    guessed = not place or any("." in e.partition(".")[2] for e in locks.taken(case, thread))
    return Cause(
        "permit_kept",
        f"{who} at {where} for one more permit of {locks.described(case, thread)}, of which {has} "
        + (f"one since {place}" if place else "taken some, and not given them back"),
        "A thread that waits for a second permit keeps the first: once the waiting threads hold "
        "all permits, none is ever released.",
        where,
        grade="suspected" if guessed else None,
    )

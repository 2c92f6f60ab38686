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
from startlab.diagnosis.stacks import (
    line_of,
    own_frames,
    through,
    waits_for_lock,
    waits_for_managers_lock,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Process, Thread


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


_TWICE: Final = (
    "A Lock can be taken once, also by the same thread: it waits for itself. An RLock may be taken "
    "again by the one that holds it."
)


def find(case: Case) -> Cause | None:
    """See a thread wait for a lock that it holds itself, or two for each other's."""
    return _by_their_holders(case) or _by_the_sources(case)


def _by_their_holders(case: Case) -> Cause | None:
    """See a ring of those that wait for a lock which the next one has."""
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
            _TWICE,
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
    return Cause(
        "lock_order",
        _title(case, [(each.process, each.thread) for each in ring]),
        f"{phrases.sentence('; '.join(parts))} Each has one lock and waits for another: they take "
        "them in different orders.",
        first.where,
        grade="suspected" if any(each.guessed for each in ring) else None,
        key=" ".join(sorted(places)),
    )


def _by_the_sources(case: Case) -> Cause | None:
    """See those that wait for locks, and hold others, as the program is written."""
    found = []
    for process, thread in case.threads():
        waits = waits_for_lock(thread) or waits_for_managers_lock(thread)
        both = _held_and_wanted(case, thread) if waits else None
        if both is not None:
            found.append((process, thread, *both))
    if not found:
        return None
    process, thread, place, wanted, held = found[0]
    where = line_of(thread)
    if len(found) == 1 and wanted & held:
        name = min(wanted & held).partition(".")[2]
        return Cause(
            "lock_taken_twice",
            f"{case.who(process)} waits at {where} for `{name}`, which it has held since {place}",
            _TWICE,
            where,
        )
    if len(found) == 1:
        return None
    other = line_of(found[1][1])
    parts = [
        f"the one at {line_of(each)} waits for {locks.described(case, each)}, and has held "
        f"{phrases.listed(_names(has))} since {since}"
        for _, each, since, _, has in found[:2]
    ]
    return Cause(
        "lock_order",
        _title(case, [(process, thread) for process, thread, *_ in found[:2]]),
        f"{phrases.sentence('; '.join(parts))} They take them in different orders.",
        where,
        key=" ".join(sorted({where or "", other or ""})),
    )


def _title(case: Case, ring: Sequence[tuple[Process, Thread]]) -> str:
    """Say who waits for whose lock, and where."""
    whom = "each other's lock" if len(ring) == 2 else "one another's locks, in a ring"
    waits = [f"{locks.name_of(case, thread)} at {line_of(thread)}" for _, thread in ring]
    told = phrases.listed(list(dict.fromkeys(waits)))
    return f"{_who(case, [process for process, _ in ring])} wait for {whom} ({told})"


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


def _names(held: set[str]) -> list[str]:
    return sorted(f"`{each.partition('.')[2]}`" for each in held)


def _held_and_wanted(case: Case, thread: Thread) -> tuple[str, set[str], set[str]] | None:
    """Give where a thread runs with locks held, those that it wants, and those that it holds."""
    own = own_frames(thread)
    if not own or through(thread, "queues.py", "pool.py", "queue.py"):
        return None
    wanted = case.sources.file(own[0].file).locks_at(own[0].line)[0]
    place, held = held_locks(case, thread) if wanted else ("", set())
    return (place, wanted, held) if held else None

"""A thread that waits for a second permit of a semaphore, and keeps the first.

## What it sees
A thread waits for a `Semaphore`, and its line is inside of a block that has taken that before.

## Why
A `Semaphore` lets as many in as it was made with. Whoever waits for a second permit keeps the first
meanwhile: once those that wait have them all, none is given back.

## What to do
Take one permit for the whole task, or all that it needs under a lock of their own.

## Bad
```python
slots = threading.Semaphore(2)
def copy():
    with slots:
        with slots:
            ...
```

## Good
```python
slots = threading.Semaphore(2)
def copy():
    with slots:
        ...
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis import locks
from startlab.diagnosis.case import Case, Cause, held_locks
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import line_of, waits_for_lock

if TYPE_CHECKING:
    from startlab.model import Process, Thread

MECHANISMS: Final = (
    Mechanism(
        "permit_kept",
        shown=True,
        advice="Take one permit for the whole task, or all that it needs under a lock of their "
        "own: no thread should wait for a second permit while it holds one.",
    ),
)


def find(case: Case) -> Cause | None:
    """See threads wait for a semaphore of which they have a permit."""
    found = [(p, t) for p, t in case.threads() if waits_for_lock(t) and _has_one(case, t)]
    if not found:
        return None
    thread = found[0][1]
    where = line_of(thread) or ""
    semaphore = locks.described(case, thread)
    names = locks.taken(case, thread)
    return Cause(
        "permit_kept",
        f"{_who(case, found)} at {where} for one more permit of {semaphore}, of which "
        f"{'it has' if len(found) == 1 else 'each has'} one since {held_locks(case, thread)[0]}",
        "A thread that waits for a second permit keeps the first: once the waiting threads hold "
        "all permits, none is ever released.",
        where,
        grade="suspected" if any("." in each.partition(".")[2] for each in names) else None,
    )


def _who(case: Case, found: list[tuple[Process, Thread]]) -> str:
    if len(found) == 1:
        return f"{case.whose(*found[0])} waits"
    kind = "threads" if len({process.pid for process, _ in found}) == 1 else "processes"
    return f"{len(found)} {kind} wait"


def _has_one(case: Case, thread: Thread) -> bool:
    """Tell whether a thread, as the program is written, has the semaphore that it waits for."""
    made = case.sources.code(locks.made_at(case, thread))
    is_semaphore = re.search(r"\b(Bounded)?Semaphore\(", made) is not None
    return is_semaphore and bool(locks.taken(case, thread) & held_locks(case, thread)[1])

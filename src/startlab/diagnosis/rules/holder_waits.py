"""Waiting while holding a lock that another one needs.

## What it sees
A thread waits for a lock, and the one that has it waits for something else.

## Why
Whoever has a lock releases it once its own wait is over. If that needs the one that waits for the
lock, neither goes on.

## What to do
Release the lock before waiting for others.

## Bad
```python
with lock:
    results.append(answers.get())
```

## Good
```python
answer = answers.get()
with lock:
    results.append(answer)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis import locks
from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import line_of, through

MECHANISMS: Final = (
    Mechanism(
        "holder_waits",
        shown=True,
        advice="Release the lock before waiting for another process or thread: keep what waits out "
        "of the `with` block.",
    ),
)


def find(case: Case) -> Cause | None:
    """See one wait for a lock whose holder, or that one's, waits for something else."""
    every = locks.wanted(case)
    by_thread = {(each.process.pid, each.thread.tid): each for each in every}
    for each in every:
        if through(each.thread, "queues.py", "pool.py", "managers.py"):
            continue
        first, seen = each, [each]
        process, thread = first.holders[0]
        while (process.pid, thread.tid) in by_thread and first not in seen[:-1]:
            first = by_thread[process.pid, thread.tid]
            process, thread = first.holders[0]
            seen.append(first)
        where = line_of(thread)
        if where is None or where == first.where or (process.pid, thread.tid) in by_thread:
            continue
        asker, holder = case.whose(first.process, first.thread), case.whose(process, thread)
        if asker == holder:
            holder = "another one"
        return Cause(
            "holder_waits",
            f"{asker} waits at {first.where} for {locks.described(case, first.thread)}; {holder} "
            f"has it and waits at {where}",
            f"`{case.sources.code(where)}` at {where} has not returned, and the lock is released "
            f"only after that.",
            where,
            grade="suspected" if any(one.guessed for one in seen) else None,
            key=f"{first.where} {where}",
        )
    return None

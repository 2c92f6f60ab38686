"""Objects of one start method, used with another.

## What it sees
A lock, queue or value that was made for one start method is given to a process started by another,
which raises or dies.

## Why
Such an object belongs to the context that made it. One of fork's has no name by which a spawned
process could open it: Python 3.11.5 and later refuse it, older ones crash.

## What to do
Make locks, queues and values by the context that starts the processes.

## Bad
```python
lock = multiprocessing.Lock()
multiprocessing.get_context("spawn").Process(target=work, args=(lock,)).start()
```

## Good
```python
context = multiprocessing.get_context("spawn")
lock = context.Lock()
context.Process(target=work, args=(lock,)).start()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line
from startlab.model import OtherContext
from startlab.output import signals

MECHANISMS: Final = (
    Mechanism(
        "mixed_contexts",
        shown=True,
        advice="Create locks, queues and values from the context that starts the processes: "
        "`ctx = multiprocessing.get_context(...)`, then `ctx.Queue()` and `ctx.Process()`.",
        experiment="mixed_contexts",
    ),
)


def find(case: Case) -> Cause | None:
    """See that what was made for fork is given to a spawned process, or the other way round."""
    text = "SemLock created in a fork context"
    told = [each for each in case.tracebacks if text in each.exception.message]
    clues = case.clues(OtherContext)
    crashed = case.trial.outcome == "crash" and any(
        signals.name_of(code) in signals.CRASHES for _, code, _ in case.died
    )
    if not told and not (clues and crashed):
        return None
    where = clues[0].where if clues else own_line(told[-1].frames)
    made = f"`{clues[0].type}()`, made at {where} for {clues[0].made_for}," if clues else "a lock"
    other = " and ".join(clues[0].used_with) if clues else "another method"
    return Cause(
        "mixed_contexts",
        f"{made} is used in processes started by {other}",
        "A lock, queue or value belongs to the context that made it. One of fork's has no name "
        "by which a spawned process could open it: Python 3.11.5 and later refuse it, older ones "
        "crash.",
        where,
    )

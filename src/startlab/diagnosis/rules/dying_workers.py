"""Workers that die and are replaced.

## What it sees
A pool starts workers again and again, and each of them raises before it takes a task.

## Why
`multiprocessing.Pool` replaces a worker that dies, silently and forever. The tasks that it had are
lost, and whoever waits for the results never gets them.

## What to do
Make sure that worker startup (imports, initializer) cannot raise.
`concurrent.futures.ProcessPoolExecutor` gives up instead of waiting.

## Bad
```python
def begin():
    open("/no/such/file")

with multiprocessing.Pool(initializer=begin) as pool:
    pool.map(work, items)
```

## Good
```python
with open(path) as file:
    text = file.read()
with multiprocessing.Pool(initializer=begin, initargs=(text,)) as pool:
    pool.map(work, items)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import at
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line

MECHANISMS: Final = (
    Mechanism(
        "dying_workers",
        advice="Make sure that worker startup (imports, initializer) cannot raise; "
        "concurrent.futures.ProcessPoolExecutor gives up instead of waiting.",
    ),
)


def find(case: Case) -> Cause | None:
    """See a pool whose workers die at once and are replaced forever."""
    if case.trial.grade != "respawning" or not case.tracebacks:
        return None
    last = next((each for each in case.tracebacks[::-1] if each.child), case.tracebacks[-1])
    where = own_line(last.frames) or case.where
    return Cause(
        "dying_workers",
        f"every worker of the pool dies of {last.said}{at(where)}",
        "multiprocessing.Pool replaces a worker that dies, silently and forever; its tasks are "
        "lost, and whoever waits for the results never gets them.",
        where,
        key=f"{last.exception.type} {where}",
    )

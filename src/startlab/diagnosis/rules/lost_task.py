"""A pool's task whose result never comes.

## What it sees
The program waits for a result of a `Pool`, and a worker has ended with its task, or the pool's
thread could not read a result.

## Why
`multiprocessing.Pool` replaces a worker that ends, but its task is lost. A result that cannot be
unpickled ends the thread that reads results.

## What to do
Use `concurrent.futures.ProcessPoolExecutor`, and let no worker end by itself.

## Bad
```python
with multiprocessing.Pool() as pool:
    pool.map(os._exit, [1])
```

## Good
```python
with concurrent.futures.ProcessPoolExecutor() as pool:
    list(pool.map(work, items))
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import (
    Case,
    Cause,
    ended_by,
    ending_line,
    may_end_by,
    unreadable,
    waits_for_pool,
)
from startlab.diagnosis.rule import Mechanism
from startlab.model import SystemExitInChild

MECHANISMS: Final = (
    Mechanism(
        "lost_task",
        advice="Use concurrent.futures.ProcessPoolExecutor, which raises BrokenProcessPool; let no "
        "worker end by itself.",
        experiment="killed_pool_worker",
    ),
    Mechanism(
        "unreadable_result",
        shown=True,
        advice="Give all arguments of the exception's class to super().__init__(), or write its "
        "__reduce__.",
        experiment="lost_result",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a worker of a Pool has ended with its task, or that a result could not be read."""
    where = waits_for_pool(case)
    if where is None:
        return None
    for traceback in case.tracebacks:
        if any(file.endswith("pool.py") for file, _ in traceback.frames) and traceback.passing:
            return unreadable(case, traceback, "The pool's thread", "The thread has ended.")
    died = case.died
    if not died and not any(each.child for each in case.tracebacks):
        return None  # a task's exception goes to whoever waits for it
    if died and not case.tracebacks and all(code > 0 for _, code, _ in died):
        return _ended(case, where)
    ends = ", ".join(dict.fromkeys(ended_by(code) for _, code, _ in died)) or "an exception"
    return Cause(
        "lost_task",
        f"a worker of the pool has ended ({ends}) with its task, and {where} waits for the result",
        "multiprocessing.Pool replaces a worker that ends, but its task is lost: whoever waits "
        "for the result never gets it." + may_end_by(case),
        where,
    )


def suspect(case: Case) -> Cause | None:
    """See that a worker has ended with exit status 0 in the middle of its task."""
    where = waits_for_pool(case)
    ended = [start for start in case.trial.starts if start.exit_code is not None]
    if where is None or not ended:
        return None
    return _ended(case, where)


def _ended(case: Case, waits: str) -> Cause:
    """Lead with the line that ends a worker from within its task, if there is one."""
    line = ending_line(case)
    what = f"`{case.sources.code(line)}` at {line} ends" if line else "something has ended"
    return Cause(
        "lost_task",
        f"{what} a worker of the pool with its task, and {waits} waits for the result",
        "multiprocessing.Pool replaces a worker that ends, but its task is lost: whoever waits "
        "for the result never gets it.",
        line or waits,
        grade="shown" if case.clues(SystemExitInChild) else None,
    )

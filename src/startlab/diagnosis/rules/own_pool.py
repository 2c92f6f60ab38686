"""A task that waits for another task of its own pool.

## What it sees
All threads of a pool are in tasks that wait for the result of other tasks.

## Why
A pool runs as many tasks at once as it has threads. A task that waits for another one keeps its
thread; if all do, none is left to run what they wait for.

## What to do
Do not wait within a task: call the function, or have two pools.

## Bad
```python
def outer():
    return pool.submit(inner).result()

pool.submit(outer).result()
```

## Good
```python
def outer():
    return inner()

pool.submit(outer).result()
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import is_at, library_frames, line_of

if TYPE_CHECKING:
    from startlab.model import Thread

MECHANISMS: Final = (
    Mechanism(
        "waits_for_own_pool",
        shown=True,
        advice="Call the function itself where a task would wait for a task of its own pool, or "
        "give the inner tasks a pool of their own.",
    ),
)

_WORKERS: Final = (
    ("concurrent/futures/thread.py", "_worker"),
    ("multiprocessing/pool.py", "worker"),
)
_RESULTS: Final = (
    ("concurrent/futures/_base.py", "result"),
    ("concurrent/futures/_base.py", "wait"),
    ("concurrent/futures/_base.py", "as_completed"),
    ("concurrent/futures/_base.py", "exception"),
    ("multiprocessing/pool.py", "wait"),
)


def find(case: Case) -> Cause | None:
    """See every thread of a pool wait for a result."""
    for process in case.trial.processes:
        for file, function in _WORKERS:
            workers = [each for each in process.threads if _runs_in(each, file, function)]
            if not workers or len(process.threads) < 2 or not all(map(_waits, workers)):
                continue
            where = line_of(workers[0]) or ""
            number = len(workers)
            threads = f"all its {number} threads are" if number > 1 else "its only thread is"
            return Cause(
                "waits_for_own_pool",
                f"a task waits at {where} for another task of the pool that runs it, and {threads} "
                "taken by such tasks",
                "A task that waits keeps its thread, and none is left to run what it waits for.",
                where,
            )
    return None


def _runs_in(thread: Thread, file: str, function: str) -> bool:
    return any(is_at(each, file, function) for each in thread.stack)


def _waits(thread: Thread) -> bool:
    """Tell whether a task of the program's waits for a result."""
    library = library_frames(thread)
    return len(library) < len(thread.stack) and any(
        is_at(each, *result) for each in library for result in _RESULTS
    )

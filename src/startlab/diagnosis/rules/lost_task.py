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

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import (
    Case,
    Cause,
    ended_by,
    ending_line,
    may_end_by,
    own_exceptions,
    waits_for_pool,
)
from startlab.diagnosis.phrases import listed
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.output.tracebacks import first_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.diagnosis.source.calls import Call

MECHANISMS: Final = (
    Mechanism(
        "lost_task",
        advice="Use concurrent.futures.ProcessPoolExecutor, which raises BrokenProcessPool; let no "
        "worker end by itself.",
        experiment="killed_pool_worker",
    ),
    Mechanism(
        "unreadable_result",
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
            said = f"{traceback.exception.type}: {first_line(traceback.exception.message)}"
            own = own_exceptions(case, said)
            calls = [] if own else Calls(case.sources).in_children()
            by = f" (of {calls[0].package}?)" if len({e.package for e in calls}) == 1 else ""
            return Cause(
                "unreadable_result",
                where or "",
                f"a result or exception of a pool's task{by} cannot be unpickled, and {where} "
                "waits for it",
                f"The thread of the pool that reads results has ended with {said}. An exception "
                "whose class has its own __init__ must be one that pickle can call again."
                + (own or _of_libraries(calls)),
                where,
                advice="Catch a library's exception in the worker, and return what it says, or "
                "raise one of your own."
                if calls
                else "",
            )
    died = case.died
    if not died and not any(each.child for each in case.tracebacks):
        return None  # a task's exception goes to whoever waits for it
    if died and not case.tracebacks and all(code > 0 for _, code, _ in died):
        return _ended(case, where)
    ends = ", ".join(dict.fromkeys(ended_by(code) for _, code, _ in died)) or "an exception"
    return Cause(
        "lost_task",
        where or "",
        f"a worker of the pool has ended ({ends}) with its task, and {where} waits for the result",
        "multiprocessing.Pool replaces a worker that ends, but its task is lost: whoever waits "
        "for the result never gets it." + may_end_by(case),
        where,
    )


def _of_libraries(calls: Sequence[Call]) -> str:
    """Name the libraries that children call, one of which has the class."""
    told = dict.fromkeys(f"{each.package} at {each.where}" for each in calls)
    return (
        f" The program has no such class; its workers call {listed(list(told)[:3])}."
        if told
        else ""
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
        line or waits,
        f"{what} a worker of the pool with its task, and {waits} waits for the result",
        "multiprocessing.Pool replaces a worker that ends, but its task is lost: whoever waits "
        "for the result never gets it.",
        line or waits,
    )

"""A task whose worker has ended, or whose result cannot be read.

## What it sees
The program waits for a result of a `Pool`, and a worker has ended with its task, or the pool's
thread could not read a result. Or the program raises `BrokenProcessPool`, or waits for an executor
whose workers have all ended.

## Why
`multiprocessing.Pool` replaces a worker that ends, but its task is lost. A result that cannot be
unpickled ends the thread that reads results. `concurrent.futures` gives all its work up then.

## What to do
Find out what ends the worker: a signal (out of memory?), `os._exit()` or `sys.exit()` in the task.
Use `concurrent.futures.ProcessPoolExecutor`, which does not wait then.

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

import re
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
from startlab.diagnosis.phrases import at
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import written
from startlab.diagnosis.stacks import line_of, own_line, through
from startlab.model import SystemExitInChild

MECHANISMS: Final = (
    Mechanism(
        "lost_task",
        advice="Use concurrent.futures.ProcessPoolExecutor, which raises BrokenProcessPool; let no "
        "worker end by itself.",
        experiment="killed_pool_worker",
    ),
    Mechanism(
        "killed_worker",
        shown=True,
        symptom=True,
        advice="Find out what ends the worker: a signal (out of memory?), os._exit() or sys.exit() "
        "in the task.",
        experiment="killed_pool_worker",
    ),
    Mechanism(
        "no_worker_left",
        advice="Keep the executor until all results are there, best in a `with` block; if it is "
        "in one, do without max_tasks_per_child.",
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
    """See that a worker has ended with its task, or that a result could not be read."""
    exception = case.trial.exception
    if exception is not None and exception.type.endswith("BrokenProcessPool"):
        return _none_left(case, case.where) or _broken(case)
    where = waits_for_pool(case) if case.trial.outcome == "hang" else None
    if where is None:
        return None
    for traceback in case.tracebacks:
        if any(file.endswith("pool.py") for file, _ in traceback.frames) and traceback.passing:
            return unreadable(case, traceback, "The pool's thread", "The thread has ended.")
    if not case.died and not any(each.child for each in case.tracebacks):
        return None  # a task's exception goes to whoever waits for it
    if case.died and not case.tracebacks and all(code > 0 for _, code, _ in case.died):
        return _ended(case, where)
    return Cause(
        "lost_task",
        f"a worker of the pool has ended ({_ends(case) or 'an exception'}) with its task, and "
        f"{where} waits for the result",
        f"{_IS_LOST}{may_end_by(case)}",
        where,
    )


_IS_LOST: Final = (
    "multiprocessing.Pool replaces a worker that ends, but its task is lost: whoever waits for the "
    "result never gets it."
)


def suspect(case: Case) -> Cause | None:
    """See that a worker has ended with exit status 0 in the middle of its task."""
    where = waits_for_pool(case)
    ended = any(start.exit_code is not None for start in case.trial.starts)
    if where is None:
        waits = [line_of(t) for _, t in case.threads() if through(t, "concurrent/futures/_base.py")]
        return _none_left(case, next(filter(None, waits), None))
    return _ended(case, where) if ended else None


def _none_left(case: Case, where: str | None) -> Cause | None:
    """See an executor whose workers have all done as many tasks as they may, and ended."""
    limit = written(case.sources, r"\bmax_tasks_per_child\s*=\s*[^N\s]")
    done = [start.exit_code for start in case.trial.starts]
    if limit is None or where is None or ending_line(case) or not done or any(done) or None in done:
        return None
    is_kept = re.match(r"\s*(async )?with\b", case.sources.code(limit)) is not None
    return Cause(
        "no_worker_left",
        f"the executor has no worker left: each has ended after as many tasks as {limit} lets it "
        f"do, and {where} wants the result of another one",
        _OF_SEVERAL if is_kept else _OF_NONE,
        limit,
    )


_OF_SEVERAL: Final = (
    "A worker that has done its tasks may not be replaced, where it may do several: the executor "
    "takes it for an idle one (gh-115634)."
)
_OF_NONE: Final = (
    "A worker that has done its tasks is not replaced where nothing refers to the executor any "
    "more (gh-152967), and may not be where it may do several (gh-115634). Newer Pythons raise "
    "BrokenProcessPool then."
)


def _ended(case: Case, waits: str) -> Cause:
    """Lead with the line that ends a worker from within its task, if there is one."""
    line = ending_line(case)
    what = f"`{case.sources.code(line)}` at {line} ends" if line else "something has ended"
    return Cause(
        "lost_task",
        f"{what} a worker of the pool with its task, and {waits} waits for the result",
        _IS_LOST,
        line or waits,
        grade="shown" if case.clues(SystemExitInChild) else None,
    )


def _broken(case: Case) -> Cause:
    """Tell of an executor whose worker has ended in the middle of its task."""
    for each in case.tracebacks:
        files = [file.rpartition("/")[2] for file, _ in each.frames[:2]]
        if not each.child and files == _READING:
            then = "The executor then gives up: every future raises BrokenProcessPool."
            return unreadable(case, each, "The executor's thread", then)
    failed = next((each for each in case.tracebacks if each.child), None)
    where = (own_line(failed.frames) if failed else None) or case.where
    ends = failed.said if failed else _ends(case) or "an exit of its own"
    return Cause(
        "killed_worker",
        f"a worker of the executor has ended ({ends}){at(where)}",
        "concurrent.futures gives up when a worker ends: every future raises BrokenProcessPool."
        + ("" if failed else may_end_by(case)),
        where,
    )


_READING: Final = ["process.py", "connection.py"]
"""Where an executor's own thread reads the results."""


def _ends(case: Case) -> str:
    return ", ".join(dict.fromkeys(ended_by(code) for _, code, _ in case.died))

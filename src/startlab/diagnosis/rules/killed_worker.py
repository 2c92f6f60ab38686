"""A worker that ended before its task was done.

## What it sees
The program raises `BrokenProcessPool`.

## Why
`concurrent.futures` gives all its work up when a worker ends, or when it cannot read a result.

## What to do
Find out what ends the worker: a signal (out of memory?), `os._exit()` or `sys.exit()` in the task.

## Bad
```python
def work(item):
    if not item:
        os._exit(1)
```

## Good
```python
def work(item):
    if not item:
        raise ValueError("an empty item")
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause, ended_by, may_end_by, unreadable
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line

MECHANISMS: Final = (
    Mechanism(
        "killed_worker",
        shown=True,
        symptom=True,
        advice="Find out what ends the worker: a signal (out of memory?), os._exit() or sys.exit() "
        "in the task.",
        experiment="killed_pool_worker",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a worker of an executor has ended in the middle of its task."""
    exception = case.trial.exception
    if exception is None or not exception.type.endswith("BrokenProcessPool"):
        return None
    for each in case.tracebacks:
        files = [file.rpartition("/")[2] for file, _ in each.frames[:2]]
        if not each.child and files == _READING:
            then = "The executor then gives up: every future raises BrokenProcessPool."
            return unreadable(case, each, "The executor's thread", then)
    died = case.died
    failed = [each for each in case.tracebacks if each.child]
    ends = ", ".join(dict.fromkeys(ended_by(code) for _, code, _ in died)) or "an exit of its own"
    if failed:
        last = failed[0]
        where = own_line(last.frames) or case.where
        ends = last.said
    else:
        where = case.where
    return Cause(
        "killed_worker",
        f"a worker of the executor has ended ({ends})" + (f" at {where}" if where else ""),
        "concurrent.futures gives up when a worker ends: every future raises "
        "BrokenProcessPool." + ("" if failed else may_end_by(case)),
        where,
    )


_READING: Final = ["process.py", "connection.py"]
"""Where an executor's own thread reads the results."""

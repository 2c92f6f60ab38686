"""A child or a task that raised, and an exit status of 0.

## What it sees
A child has a traceback of its own, the program ends with exit status 0, and nothing in the output
shows it. Or the result of a task is an exception, and nothing reads it.

## Why
`join()` does not raise what the child did: only `Process.exitcode` tells. What a task raises is its
result, which is silent until `get()` or `result()` asks for it.

## What to do
Look at `Process.exitcode` after `join()`, or use `concurrent.futures`. Read the result of each
task.

## Bad
```python
child.start()
child.join()
```

## Good
```python
child.start()
child.join()
sys.exit(child.exitcode)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line
from startlab.model import ExitCodeRead, FailureRead, TaskFailed
from startlab.output.tracebacks import find_tracebacks
from startlab.results.summary import WELL

MECHANISMS: Final = (
    Mechanism(
        "exit_0_in_spite",
        symptom=True,
        shown=True,
        advice="Look at Process.exitcode after join(), or use concurrent.futures, whose result() "
        "raises the child's exception.",
    ),
    Mechanism(
        "failure_unread",
        shown=True,
        advice="Keep what apply_async() or submit() returns, and call get() or result() of it; or "
        "give the task an `error_callback=`.",
    ),
)


def find(case: Case) -> Cause | None:
    """See an exception of a child that neither the exit status shows, nor the program looks for."""
    told = None if case.clues(ExitCodeRead) else _told_as_it_is(case)
    return _known(case) or told or _unread(case)


def in_output(case: Case) -> Cause | None:
    """See an exception of a child that goes with another output."""
    return _known(case) or _told_as_it_is(case) or _unread(case)


def _known(case: Case) -> Cause | None:
    """Explain the exception as if the program had raised it."""
    if not any(each.child for each in case.tracebacks):
        return None
    cause = case.again("error")
    if cause is None or cause.chosen:
        return None
    unread = "" if case.clues(ExitCodeRead) else ": the child's exit code is never read"
    return cause._replace(text=f"{cause.text} The exit status is 0 nevertheless{unread}.")


def _told_as_it_is(case: Case) -> Cause | None:
    last = next((e for e in case.tracebacks if e.child and own_line(e.frames)), None)
    if last is None:
        return None  # of the standard library's own, like the resource tracker's at its end
    where = own_line(last.frames)
    looked = case.clues(ExitCodeRead)
    but = ", but the exit status is 0" if case.trial.outcome in WELL else ""
    return Cause(
        "exit_0_in_spite",
        f"a child raises {last.said} at {where}{but}",
        f"The program reads the child's exit code at {looked[0].where}."
        if looked
        else "The child's exit code is never read: Process.exitcode is not 0 after join().",
        where,
        key=f"{last.exception.type} {where}",
    )


def _unread(case: Case) -> Cause | None:
    """See what a task has raised, if the program looks at none of those that have."""
    failed = case.clues(TaskFailed)
    if not failed or case.clues(FailureRead):
        return None
    cause = case.again("error", outcome="error", stderr=f"Process child:\n{failed[0].traceback}")
    if cause is not None and not cause.chosen:
        return cause._replace(text=f"{cause.text} Nothing reads the result of the task.")
    raised = find_tracebacks(failed[0].traceback)
    where = own_line(raised[-1].frames) if raised else None
    if where is None:
        return None
    return Cause(
        "failure_unread",
        f"a task raises {raised[-1].said} at {where}, and nothing reads its result",
        "What a task raises is its result: without get(), result() or an `error_callback` nothing "
        "is printed, the exit status is 0, and what the task should have done is missing.",
        where,
    )

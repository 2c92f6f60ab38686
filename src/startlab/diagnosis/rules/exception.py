"""An exception that no other rule explains.

## What it sees
The program, one of its children or a worker has raised something that no rule knows.

## Why
A worker's exception is raised once more where its result is awaited. What a child raises comes
first, and what the program then raises often follows from it.

## What to do
Fix what is raised, where it is raised.

## Bad
```python
def work(text):
    return int(text)

pool.map(work, ["1", "two"])
```

## Good
```python
def work(text):
    return int(text) if text.isdigit() else None

pool.map(work, ["1", "two"])
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause, of_worker, started_at, what_was_raised
from startlab.diagnosis.phrases import at
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line

MECHANISMS: Final = (
    Mechanism("exception", symptom=True, shown=True),
    Mechanism(
        "child_raised",
        symptom=True,
        shown=True,
        advice="Fix what the child raises: the rest follows from it.",
    ),
)


def find(case: Case) -> Cause | None:
    """Tell what was raised: by a worker, by a child before the program, or by either alone."""
    return _worker_raised(case) or _child_raised(case) or _raised(case)


def _worker_raised(case: Case) -> Cause | None:
    """See that the program raises what a worker has raised and handed on."""
    worker = of_worker(case)
    inside = own_line(worker.frames) if worker else None
    where = case.trial.where
    if case.trial.exception is None or inside is None or inside == where:
        return None
    return Cause(
        "exception",
        f"a worker raises {what_was_raised(case.trial)} at {inside}"
        + (f", and so does {where}, which waits for its result" if where else ""),
        "",
        inside,
        key=f"{case.trial.exception.type} {inside}",
    )


def _child_raised(case: Case) -> Cause | None:
    """See that a child has raised something, and the program then something else."""
    trial = case.trial
    child = next((each for each in case.tracebacks if each.child), None)
    of_program = any(not each.child and not each.passing for each in case.tracebacks)
    first = own_line(child.frames) if child is not None else None
    if trial.exception is None or child is None or first is None or not of_program:
        return None
    if trial.exception == child.exception:
        return None
    return Cause(
        "child_raised",
        f"a child raises {child.said} at {first}",
        f"The program then raises {what_was_raised(trial)}{at(trial.where)}.",
        first,
        key=f"{child.exception.type} {first}",
    )


def _raised(case: Case) -> Cause | None:
    """Tell an exception that no rule knows: which, in which process, at which line."""
    trial = case.trial
    if trial.exception is None:
        return None
    child = [each for each in case.tracebacks if each.child]
    of_program = any(not each.child and not each.passing for each in case.tracebacks)
    of_child = child and (trial.exception == child[-1].exception or not of_program)
    begun = started_at(case) if of_child and not trial.where else None
    return Cause(
        "exception",
        f"{'a child' if of_child else 'the program'} raises {what_was_raised(trial)}"
        + at(trial.where)
        + (f" as its target is called: it is started at {begun}" if begun else ""),
        "Each item of `args` is an argument: write `args=(name,)`, not `args=(name)`."
        if begun and "argument" in trial.exception.message
        else "",
        trial.where or begun,
        chosen=case.sources.code(trial.where).startswith(("assert ", "assert(", "raise "))
        or (not of_child and trial.exception.type in _CHECKS),
        key=f"{trial.exception.type} {trial.where}",
    )


_CHECKS: Final = ("AssertionError", "Failed")
"""What methods such as assertEqual() raise, and pytest's fail() and raises()."""

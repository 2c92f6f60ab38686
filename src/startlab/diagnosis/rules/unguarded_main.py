"""Processes that are started while a child imports the main module.

## What it sees
A child that is importing the main module, or a module that this imports, starts a process.

## Why
A child started by spawn or forkserver imports the main module. What is not below
`if __name__ == "__main__":` runs again there, and if it starts processes, multiprocessing refuses.

## What to do
Put what starts processes below the main guard.

## Bad
```python
multiprocessing.Process(target=work).start()
```

## Good
```python
if __name__ == "__main__":
    multiprocessing.Process(target=work).start()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import (
    Case,
    Cause,
    what_was_raised,
)
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import ABSOLUTE, own_line

MECHANISMS: Final = (
    Mechanism(
        "unguarded_main",
        advice='Put what starts processes below `if __name__ == "__main__":`, or into a function '
        "that is called there.",
        experiment="missing_main_guard",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a module that a child imports starts processes itself."""
    cause = _unguarded(case)
    file = (cause.where or "").rpartition(":")[0] if cause else ""
    if cause is None or file in ("", case.sources.main) or ABSOLUTE.match(file):
        return cause
    return cause._replace(
        title=f"{file}, which the main module imports, starts processes at {cause.where} when it "
        "is imported, and so does every child",
        text=cause.text.replace("first imports the main module.", "first imports the main module, "
        f"and that {file}.", 1),
    )  # fmt: skip


_BOOTSTRAPPING: Final = "An attempt has been made to start a new process before"


def _unguarded(case: Case) -> Cause | None:
    """See that a child that imports the main module starts processes itself."""
    told = [each for each in case.tracebacks if _BOOTSTRAPPING in each.exception.message]
    clues = case.clues("unguarded")
    if not clues and not told and _BOOTSTRAPPING not in case.trial.stderr:
        return None
    where = clues[0].where if clues else own_line(told[-1].frames) if told else None
    if where is None:
        where = case.where
    again = ""
    if case.trial.outcome == "hang":
        again = " The pool replaces each worker that dies of this, for ever."
    elif case.trial.exception is not None:
        again = f" The program only sees {what_was_raised(case.trial).rstrip('.')}."
    return Cause(
        "unguarded_main",
        where or "",
        f"the main module starts processes at {where} without a guard, and so does every child "
        "that imports it",
        "Where children are not plain forks, each of them (or the fork server) first imports the "
        f'main module. What is not below `if __name__ == "__main__":` runs again there, and at '
        f"{where} it starts processes, which multiprocessing refuses.{again}",
        where,
    )

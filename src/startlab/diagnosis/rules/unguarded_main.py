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

from startlab.diagnosis.case import Case, Cause, what_was_raised
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import ABSOLUTE, own_line
from startlab.model import UnguardedStart

MECHANISMS: Final = (
    Mechanism(
        "unguarded_main",
        shown=True,
        advice='Put what starts processes below `if __name__ == "__main__":`, or into a function '
        "that is called there.",
        experiment="missing_main_guard",
    ),
)


_BOOTSTRAPPING: Final = "An attempt has been made to start a new process before"


def find(case: Case) -> Cause | None:
    """See that a child starts processes while it imports the main module, or what this imports."""
    told = [each for each in case.tracebacks if _BOOTSTRAPPING in each.exception.message]
    clues = case.clues(UnguardedStart)
    if not clues and not told and _BOOTSTRAPPING not in case.trial.stderr:
        return None
    started = clues[0].where if clues else own_line(told[-1].frames) if told else None
    started = started or case.where
    where = (clues and clues[0].imported) or started
    again = ""
    if case.trial.grade == "respawning":
        again = " The pool replaces each worker that dies of this, forever."
    elif case.trial.exception is not None:
        again = f" The program only sees {what_was_raised(case.trial).rstrip('.')}."
    file = (where or "").rpartition(":")[0]
    imported = file not in ("", case.sources.main) and not ABSOLUTE.match(file)
    inside = f" (in what it calls, at {started})" if started != where else ""
    title = (
        f"{file}, which the main module imports, starts processes at {where}{inside} when it is "
        "imported, and so does every child"
        if imported
        else f"the main module starts processes at {where}{inside} without a guard, and so does "
        "every child that imports it"
    )
    return Cause(
        "unguarded_main",
        title,
        "A child started by spawn, or the fork server, first imports the main module"
        + (f", and that {file}" if imported else "")
        + '. What is not below `if __name__ == "__main__":` runs again there, and at '
        f"{where} it starts processes{inside}, which multiprocessing refuses.{again}",
        where,
    )

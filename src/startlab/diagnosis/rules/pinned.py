"""A start method that the program chooses itself.

## What it sees
Another start method was used than the column's, by a call in the program.

## Why
`set_start_method()` and `get_context()` come before what startlab asks for. What was run is what
the program chose. An explicit spawn that is well is not told of: it is the same on every platform.

## What to do
Nothing, where the program is well under it. To see the others, remove the call that sets it.

## Bad
```python
multiprocessing.set_start_method("fork")
```

## Good
```python
if __name__ == "__main__":
    main(multiprocessing.get_context())
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.model import PinnedMethod
from startlab.results.summary import WELL

MECHANISMS: Final = (
    Mechanism(
        "pinned",
        advice="To see the other start methods, remove the call that sets this one.",
        explains=False,
    ),
)


def find(case: Case) -> Cause | None:
    """See a method that the program chose itself, where that is not what was asked for."""
    trial = case.trial
    if trial.method == "default" or set(trial.method_used) <= {trial.method}:
        return None
    if set(trial.method_used) == {"spawn"} and trial.outcome in WELL:
        return None  # it is everywhere, and the same everywhere
    pins = case.clues(PinnedMethod)
    clues = [clue for clue in pins if clue.method in trial.method_used] or pins
    methods = " and ".join(trial.method_used)
    if not clues:
        where = next((s.where for s in trial.starts if s.method in trial.method_used), None)
        return Cause(
            "pinned", f"{methods} was used, whatever was asked for", "", where, key=methods
        )
    clue = clues[0]
    return Cause(
        "pinned",
        f"the program itself chooses {methods}, by {clue.by}() at {clue.where}",
        "That is what was run, whatever the column says.",
        clue.where,
        key=f"{clue.method} {clue.where}",
    )

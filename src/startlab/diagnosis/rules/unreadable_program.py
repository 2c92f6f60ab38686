"""A program that Python cannot read.

## What it sees
The program ends with a `SyntaxError`, or what it imports is not there.

## Why
The program needs a newer Python, or packages that are not installed in the environment.

## What to do
Install what it needs, or run it on the Pythons that it is written for.

## Bad
```console
$ startlab run program.py
```

## Good
```console
$ startlab run program.py --requirements requirements.txt
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

MECHANISMS: Final = (
    Mechanism("syntax", advice="Run it on the Pythons that it is written for: --env NAME."),
    Mechanism(
        "missing_module",
        shown=True,
        advice="Install what it needs: --requirements FILE or --with PACKAGE.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that this Python cannot compile the program, or lacks what it imports."""
    trial = case.trial
    if trial.exception is None:
        return None
    said = what_was_raised(trial)
    if trial.exception.type in ("SyntaxError", "IndentationError", "TabError"):
        title = f"this Python cannot read the program: {said}"
        return Cause("syntax", said, title, "", trial.where)
    if trial.exception.type in ("ModuleNotFoundError", "ImportError"):
        return Cause("missing_module", said, said, "", trial.where)
    return None

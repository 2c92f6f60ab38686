"""An output that changes from trial to trial.

## What it sees
Two trials of one cell do not print the same, and no rule knows why.

## Why
It may be meant: a race, a random number, a time. startlab cannot tell.

## What to do
Say which output is right with `--expect-stdout`.

## Bad
```python
print(random.random())
```

## Good
```python
print(random.Random(7).random())
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "unstable_output",
        advice="Say which output is right with --expect-stdout.",
        explains=False,
        answer=(
            ("The output is not the same from one trial to the next",),
            ("--expect-stdout FILE says what is right",),
        ),
    ),
)


def find(_: Case) -> Cause:
    """Say that the output is not the same each time."""
    return Cause(
        "unstable_output",
        "the output is not the same from one trial of a cell to the next",
        "startlab cannot tell whether that is intended: a race, a random number, a time. With "
        "--expect-stdout it can.",
        key="",
    )

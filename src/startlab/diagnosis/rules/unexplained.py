"""What no rule explains.

## What it sees
A hang, an error or a wrong output that every other rule has passed over; or a trial that was not
decided.

## Why
startlab does not know. The finding has what was seen.

## What to do
Look at the trial's evidence in `report.html`. If it is undecided, run it again, or with
`--timeout SECONDS`.

## Bad
```console
$ startlab run program.py
```

## Good
```console
$ startlab run program.py --expect-stdout right.txt
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism("hang", symptom=True),
    Mechanism("error", symptom=True),
    Mechanism("wrong_output"),
    Mechanism(
        "undecided",
        explains=False,
        answer=(
            (
                "Undecided: the machine was too busy. Run it again, or with --timeout SECONDS",
                "Undecided: the machine was too busy",
            ),
        ),
    ),
)


def find(case: Case) -> Cause:
    """Say what was seen."""
    trial = case.trial
    if trial.outcome == "wrong":
        return Cause("wrong_output", trial.reason, where=trial.where, key=trial.reason)
    key = "" if trial.outcome == "undecided" else trial.reason
    return Cause(trial.outcome, trial.reason or trial.outcome, where=case.where, key=key)

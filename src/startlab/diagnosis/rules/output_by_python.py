"""An output that depends on the Python, not on the start method.

## What it sees
All start methods print the same on each Python, but not the same on all of them.

## Why
The program prints what Pythons do differently: a version, how a number is rounded, the order of a
set.

## What to do
Say which output is right with `--expect-stdout`, or look at what the program has from Python.

## Bad
```python
print({"b", "a"})
```

## Good
```python
print(sorted({"b", "a"}))
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import only
from startlab.diagnosis.rule import Mechanism
from startlab.output.compare import compare

MECHANISMS: Final = (
    Mechanism(
        "output_by_python",
        advice="Say which output is right with --expect-stdout, or look at what the program has "
        "from Python itself: its version, how it rounds, the order of a set.",
        depends_on="python",
    ),
)


def find(case: Case) -> Cause | None:
    """Say what only one Python prints, and only another one."""
    if case.outputs is None:
        return None
    (one, two, *_), (here, there, *_) = case.outputs.trials, case.outputs.pythons
    lines = compare(one[0].stdout, two[0].stdout)
    return Cause(
        "output_by_python",
        "its output depends on the Python, not on the start method",
        f"{only(f'Python {here}', lines, f'Python {there}')} Startlab cannot tell which is right "
        "without --expect-stdout.",
        key="",
    )

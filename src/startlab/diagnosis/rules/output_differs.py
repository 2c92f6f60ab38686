"""Outputs that differ, and no rule knows why.

## What it sees
Start methods print different output, and nothing that was seen from inside explains it.

## Why
Children read something that they were not given, and that is not the same under each start method.

## What to do
Say which output is right with `--expect-stdout`, and look at what the children read.

## Bad
```python
def work():
    print(threading.active_count())
```

## Good
```python
def work(count):
    print(count)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import listed
from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "output_differs",
        advice="Say which output is right with --expect-stdout, or look at what the children read "
        "that they were not given.",
        explains=False,
        answer=(
            (
                "Output depends on the start method; startlab cannot tell why, or which is right",
                "Output depends on the start method; startlab cannot tell why",
            ),
        ),
    ),
)


def find(case: Case) -> Cause | None:
    """Say which start methods print other lines than which."""
    if case.outputs is None:
        return None
    one, *others = case.outputs.cells
    than = f" than under {listed(others)}" if others else ""  # a journal may lack the others
    return Cause("output_differs", f"Prints different output under {one}{than}", key="")

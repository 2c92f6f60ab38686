"""An exception after which Python goes on.

## What it sees
A thread or a destructor has raised, and the program ended with exit status 0.

## Why
Python prints what a thread or a destructor raises, and goes on.

## What to do
Fix the exception, or catch it where it is expected.

## Bad
```python
threading.Thread(target=lambda: 1 / 0).start()
```

## Good
```python
with concurrent.futures.ThreadPoolExecutor() as pool:
    pool.submit(work).result()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line

MECHANISMS: Final = (
    Mechanism("passed_over", advice="Fix the exception, or catch it where it is expected."),
)


def find(case: Case) -> Cause | None:
    """See what a thread or a destructor of the program has raised."""
    told: dict[str, str] = {}
    for traceback in case.tracebacks:
        where = own_line(traceback.frames)
        if traceback.child or not traceback.passing or where is None:
            continue  # one without those words was caught, and printed on purpose
        told.setdefault(f"{traceback.said} at {where}", where)
    if not told:
        return None
    return Cause(
        "passed_over",
        f"a thread or a destructor raises {' and '.join(list(told)[:3])}",
        "Python prints it and continues.",
        next(iter(told.values())),
        key=" ".join(told.values()),
    )

"""A ProcessPoolExecutor is given more workers than Windows can wait for.

## What it sees
The executor's own ValueError.

## Why
Windows waits for at most 63 objects at once, and the executor needs two of them itself.

## What to do
Take at most 61 workers.

## Bad
```python
pool = ProcessPoolExecutor(max_workers=96)
```

## Good
```python
pool = ProcessPoolExecutor(max_workers=min(61, os.cpu_count() or 1))
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis import raised
from startlab.diagnosis.raised import Raised
from startlab.diagnosis.rule import Mechanism

if TYPE_CHECKING:
    from startlab.diagnosis.case import Case, Cause

MECHANISMS: Final = (
    Mechanism(
        "too_many_workers",
        shown=True,
        depends_on="platform",
        advice="Take at most 61: `min(61, os.cpu_count() or 1)`.",
        experiment="too_many_workers",
    ),
)


def find(case: Case) -> Cause | None:
    """Know it by the executor's own words."""
    return raised.find(case, _REFUSED)


_REFUSED: Final = Raised(
    r"ValueError: max_workers must be <= 61",
    "too_many_workers",
    "a ProcessPoolExecutor is given more than 61 workers{at}",
    "Windows waits for at most 63 objects at once, two of which the executor needs itself.",
)

"""Updates of shared data that are lost.

## What it sees
The output is not the same each time, or not what it should be, and a line reads and writes a shared
value in two steps without its lock.

## Why
`counter.value += 1` first reads the value and then writes it. What another process has written in
between is lost. How much that is differs from trial to trial.

## What to do
Do it under the lock.

## Bad
```python
counter.value += 1
```

## Good
```python
with counter.get_lock():
    counter.value += 1
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.shared_data import lost_updates

MECHANISMS: Final = (
    Mechanism(
        "lost_update",
        advice="Do it under the lock: `with counter.get_lock(): counter.value += 1`.",
        experiment="lost_updates",
        race=True,
    ),
)


def find(case: Case) -> Cause | None:
    """See a line that reads and writes shared data in two steps."""
    lines = lost_updates(case.sources.file(case.sources.main))
    if not lines:
        return None
    where = f"{case.sources.main}:{lines[0]}"
    return Cause(
        "lost_update",
        f"updates are lost at {where}, which reads and writes in two steps, without the lock",
        f"`{case.sources.code(where)}` first reads the value and then writes it. What another "
        "process has written in between is lost. How much that is differs from trial to trial.",
        where,
    )

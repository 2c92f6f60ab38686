"""A queue that is taken for empty before anything has come.

## What it sees
Where a queue that is asked whether it is empty waits a moment for what comes, the program ends
well; else it never does.

## Why
empty(), get_nowait() and a short timeout tell what has arrived, not whether more will: put() hands
over to a thread, and whoever puts may not have begun. A worker that ends then leaves the rest to
nobody.

## What to do
Put one end mark per worker, after all else, and have each worker end by it.

## Bad
```python
while not tasks.empty():
    work(tasks.get())
```

## Good
```python
while (task := tasks.get()) is not None:
    work(task)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "empty_too_early",
        advice="Put one end mark per worker after all else, and have each worker wait for its own: "
        "empty() only tells what has arrived.",
    ),
)

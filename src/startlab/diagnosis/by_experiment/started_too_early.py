"""A pool that is made before what its workers need.

## What it sees
Where a pool starts its workers with its first task, and not when it is made, the program works.

## Why
A pool starts its workers when it is made. A forked worker has what its parent had then; what is set
later reaches no worker.

## What to do
Make the pool after that, or give the workers what they need with each task.

## Bad
```python
pool = multiprocessing.Pool()
TABLE = load()
pool.map(look_up, words)  # in TABLE
```

## Good
```python
TABLE = load()
pool = multiprocessing.Pool()
pool.map(look_up, words)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "started_too_early",
        advice="Make the pool after that, or give the workers what they need with each task: what "
        "an `initializer=` is given is of the time when the pool is made, too.",
    ),
)

"""A pool that is terminated before its tasks are done.

## What it sees
With a pool that ends its tasks before it is terminated, the program ends well; else it never does.

## Why
Leaving a pool's `with` block calls terminate(), which ends the workers at once. Results that nobody
has asked for until then never come: get() and the iterator of imap() wait forever.

## What to do
Ask for the results inside of the `with` block, or call close() and join() there.

## Bad
```python
with multiprocessing.Pool() as pool:
    result = pool.apply_async(work)
print(result.get())
```

## Good
```python
with multiprocessing.Pool() as pool:
    result = pool.apply_async(work)
    print(result.get())
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "pool_ended_early",
        advice="Ask for the results inside of the `with` block, or call close() and join() before "
        "it ends.",
    ),
)

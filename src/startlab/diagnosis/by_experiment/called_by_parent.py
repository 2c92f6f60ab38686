"""A call that sets something up, which only the parent makes.

## What it sees
Where a call of the program's own function is made in the children too, after they have imported the
main module, a start method that fails does what the others do; without, it never does.

## Why
A child started by spawn or forkserver imports the main module, and calls nothing of what stands
below `if __name__ == "__main__":` or is called from there. What such a call sets up, a table of a
database in memory, a framework's registry, the child does not have. A forked child has all of it.

## What to do
Make the call in the children too.

## Bad
```python
if __name__ == "__main__":
    database.load(rates)  # of ":memory:"
    with multiprocessing.Pool() as pool:
        pool.map(convert, rows)
```

## Good
```python
if __name__ == "__main__":
    with multiprocessing.Pool(initializer=database.load, initargs=(rates,)) as pool:
        pool.map(convert, rows)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "called_by_parent",
        advice="Make this call in the children too: by a pool's `initializer=`, at the start of "
        "the target, or at the top level of a module that they import.",
    ),
)

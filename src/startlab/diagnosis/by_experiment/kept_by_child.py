"""Data that children change in their own copy.

## What it sees
Where what a child has changed of its process object, its arguments and its globals is put back into
the parent's, the program ends well; else it never does.

## Why
A child has a copy of its parent's data, under every start method. What it does to the copy does not
come back.

## What to do
Give it back: as a result, through a queue, or in a Manager's dict or list.

## Bad
```python
found = []
child = multiprocessing.Process(target=found.append, args=(1,))
child.start()
child.join()
print(found[0])
```

## Good
```python
with multiprocessing.Pool() as pool:
    found = pool.map(work, items)
print(found[0])
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "kept_by_child",
        advice="Give it back: as the result of a pool's task, through a queue, or in a Manager's "
        "dict or list.",
    ),
)

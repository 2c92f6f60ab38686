"""A process of multiprocessing's own among the program's children.

## What it sees
Where what multiprocessing has started for itself is not listed, the program does what it does under
fork; else it never does.

## Why
Beside the children, spawn and forkserver start a resource tracker, which removes what is left
behind of locks and shared memory. psutil lists it as a child of the program.

## What to do
Ask multiprocessing for its children.

## Bad
```python
running = len(psutil.Process().children())
```

## Good
```python
running = len(multiprocessing.active_children())
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "helper_among_children",
        advice="Use multiprocessing.active_children(), or keep the Process objects.",
    ),
)

"""An exit handler that no child runs.

## What it sees
Where what a child has registered with atexit is run at its end, the program ends well; else it
never does.

## Why
Up to Python 3.13 a child of multiprocessing ends by os._exit(), after its target: only what is in
`multiprocessing.util.Finalize` is called. From 3.14 on its exit handlers run.

## What to do
Do it at the end of the target, in a `finally` or by a `with` block.

## Bad
```python
def work():
    atexit.register(save)
    ...
```

## Good
```python
def work():
    try:
        ...
    finally:
        save()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "exit_handler_not_run",
        advice="Do it at the end of the child's target, in a `finally` or by a `with` block.",
    ),
)

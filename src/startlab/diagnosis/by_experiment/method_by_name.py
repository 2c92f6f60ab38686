"""A program that takes forkserver for fork.

## What it sees
Where the program is told that its start method is spawn, forkserver does what the others do.

## Why
A program that asks `get_start_method()`, and gives children what they need only under spawn, leaves
those of the fork server without: they inherit nothing of their parent's either.

## What to do
Give it under every start method but fork, or under every one.

## Bad
```python
if multiprocessing.get_start_method() == "spawn":
    job.settings = settings
```

## Good
```python
if multiprocessing.get_start_method() != "fork":
    job.settings = settings
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "method_by_name",
        advice="Treat all start methods but fork alike, or give children what they need under "
        "each.",
    ),
)

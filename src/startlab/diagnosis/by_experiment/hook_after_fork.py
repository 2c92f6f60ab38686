"""What a program has registered to run in forked children changes them.

## What it sees
Where nothing runs that was registered with `os.register_at_fork()`, fork does what other start
methods do; with it, it never does.

## Why
A function that is given as `after_in_child` runs in each child right after the fork, whoever forks.
A child started by spawn never runs it; one started by forkserver runs it, if the fork server has
imported the module that registers it.

## What to do
Have it make again what it clears, or clear it on the first use in the child.

## Bad
```python
os.register_at_fork(after_in_child=session.clear)
```

## Good
```python
os.register_at_fork(after_in_child=log_in_again)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "hook_after_fork",
        advice="Have it make again what it clears, or leave that to the first use in the child.",
    ),
)

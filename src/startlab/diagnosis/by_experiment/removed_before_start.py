"""What a child is given is gone before the child has opened it.

## What it sees
Where the process that starts children removes nothing until it ends, they find what they are given.

## Why
A child started by spawn or forkserver opens a lock, a queue's lock, or a block of shared memory by
its name while it starts. Its starter removes a lock's name when nothing there refers to the lock
any longer, or as the program ends: that is before it waits for children that were not joined. The
name of shared memory goes with `unlink()`.

## What to do
Join the children before the function that made what they are given returns, and before the program
ends.

## Bad
```python
def main():
    lock = multiprocessing.Lock()
    multiprocessing.Process(target=work, args=(lock,)).start()
```

## Good
```python
def main():
    lock = multiprocessing.Lock()
    child = multiprocessing.Process(target=work, args=(lock,))
    child.start()
    child.join()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "removed_before_start",
        imported=True,
        advice="Keep it, and join() the child, before the function that made it returns and before "
        "the program ends.",
    ),
)

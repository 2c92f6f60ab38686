"""An open file that forked children keep, with its lock.

## What it sees
Where forked children have the file closed that their parent has opened, fork does what the other
start methods do.

## Why
A fork copies descriptors, not what is behind them: a child's leads to the same open file in the
kernel. A lock of flock() belongs to that, and is kept until it is released, or until every copy is
closed: it is not enough that the parent closes its own.

## What to do
Release the lock itself, `fcntl.flock(file, fcntl.LOCK_UN)`, before closing the file; or start the
children before the file is opened.

## Bad
```python
fcntl.flock(store, fcntl.LOCK_EX)
child.start()
store.close()  # and it is still locked
```

## Good
```python
fcntl.flock(store, fcntl.LOCK_EX)
child.start()
fcntl.flock(store, fcntl.LOCK_UN)
store.close()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "file_kept",
        copied=True,
        advice="Release the lock itself before closing the file, as by "
        "`fcntl.flock(file, fcntl.LOCK_UN)`; or start the children before the file is opened, or "
        "close it in them.",
        experiment="inherited_socket",
    ),
)

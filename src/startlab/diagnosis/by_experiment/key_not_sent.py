"""A manager's key that a proxy does not take along.

## What it sees
Where each proxy takes its manager's key along, children can use it.

## Why
A proxy is pickled with its key only as an argument of a process. In a task of a pool, in a queue or
a pipe it is pickled without: who receives it uses `current_process().authkey` instead. A manager
that was given a key of its own refuses that.

## What to do
Give the key to the process too, before it starts others: `current_process().authkey = KEY`.

## Bad
```python
manager = SyncManager(authkey=KEY)
manager.start()
multiprocessing.Pool().map(work, [manager.dict()])
```

## Good
```python
multiprocessing.current_process().authkey = KEY
manager = SyncManager(authkey=KEY)
manager.start()
multiprocessing.Pool().map(work, [manager.dict()])
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "key_not_sent",
        advice="Set multiprocessing.current_process().authkey to the same key before the children "
        "are started, or give the manager none of its own.",
    ),
)

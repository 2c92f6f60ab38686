"""A parent that is the fork server.

## What it sees
Where os.getppid() and psutil give the process that has started the child, forkserver does what the
others do; else it never does.

## Why
A child started by forkserver is forked by the fork server, which is its parent for the kernel:
os.getppid() is that server's process id, not that of the process that called start(). So it is
with psutil.

## What to do
Ask `multiprocessing.parent_process()`, which is whoever has started the child: its `pid`, and
`is_alive()`.

## Bad
```python
while os.getppid() == owner:
    ...
```

## Good
```python
while multiprocessing.parent_process().is_alive():
    ...
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "parent_is_fork_server",
        advice="Use multiprocessing.parent_process(), which is whoever has started the child: its "
        "`pid`, and `is_alive()`.",
    ),
)

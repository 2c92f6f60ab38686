"""What is kept for the thread that forks, and forked children go on with.

## What it sees
Where forked children have nothing of what the thread that forks keeps in a threading.local, fork
does what the others do; else it never does.

## Why
A fork copies the thread that forks, with all that it keeps for itself. A library that keeps what is
open or running for each thread takes the child for that thread: its loop is running already, its
connection is open.

## What to do
Start the processes before that begins, or from a thread that has none of it. Or set forkserver or
spawn.

## Bad
```python
database.connect()  # the connection is this thread's
multiprocessing.Process(target=work).start()  # and work() connects as well
```

## Good
```python
multiprocessing.Process(target=work).start()
database.connect()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "thread_copied",
        copied=True,
        advice="Start the processes before this begins, or end it first: close the connection, "
        "leave the loop; or start them from a thread that has none of it.",
    ),
)

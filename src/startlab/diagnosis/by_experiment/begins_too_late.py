"""A program that goes on before its child has begun, and takes for granted that it has.

## What it sees
Where start() returns only once the child has begun with its task, the program works.

## Why
A forked child runs at once. One that is started by spawn or forkserver has to start Python, and to
import the main module, before it begins. Until then the program may have removed a file that the
child is to read, sent it a signal that it does not handle yet, or asked a server that is not there.

## What to do
Wait until the child says that it has begun; keep what it needs until it has ended.

## Bad
```python
with tempfile.TemporaryDirectory() as folder:
    child = multiprocessing.Process(target=work, args=(folder,))
    child.start()
child.join()
```

## Good
```python
with tempfile.TemporaryDirectory() as folder:
    child = multiprocessing.Process(target=work, args=(folder,))
    child.start()
    child.join()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "begins_too_late",
        advice="Wait until the child says that it has begun, as by an Event or a pipe, and keep "
        "what it needs until it has ended.",
    ),
)

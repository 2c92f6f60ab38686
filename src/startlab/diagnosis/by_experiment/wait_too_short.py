"""A wait for a child that is given up before the child has begun.

## What it sees
Where each wait that has a time limit goes on for a while, the program works.

## Why
A forked child runs at once. One that is started by spawn or forkserver has to start Python, and to
import the main module, before it begins with its task: that takes tens of milliseconds, and seconds
where big libraries are imported.

## What to do
Wait longer, or have the child say that it has begun, and count from then.

## Bad
```python
child.start()
child.join(0.05)
if child.is_alive():
    child.terminate()
```

## Good
```python
child.start()
begun.wait()
child.join(0.05)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "wait_too_short",
        advice="Wait longer, or have the child say that it has begun, as by an Event, and count "
        "from then.",
    ),
)

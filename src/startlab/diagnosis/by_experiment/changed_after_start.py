"""A global that the parent changes after it has started a child.

## What it sees
Where a child is given what its parent has changed since the child was started, the program works.

## Why
Each process has globals of its own. What the parent changes after start(), a child never sees,
whatever the start method is.

## What to do
Use an Event or a Value of multiprocessing, which is given to the child, or send it a message.

## Bad
```python
running = True

def work():
    while running:
        time.sleep(0.1)

child = multiprocessing.Process(target=work)
child.start()
running = False
child.join()
```

## Good
```python
def work(stop):
    while not stop.wait(0.1):
        ...

stop = multiprocessing.Event()
child = multiprocessing.Process(target=work, args=(stop,))
child.start()
stop.set()
child.join()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "changed_after_start",
        advice="Tell the child: by an `Event` or a `Value` of multiprocessing that is an argument "
        "of its target, or by a message.",
    ),
)

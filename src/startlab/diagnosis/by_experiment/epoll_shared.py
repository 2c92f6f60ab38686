"""An epoll that forked children share with their parent.

## What it sees
Where each forked child has an epoll of its own, fork does what the others do; else it never does.

## Why
A fork copies the descriptor of an epoll, and both lead to the same one in the kernel. What a child
unregisters there, the parent does not hear of any more.

## What to do
Leave an inherited selector alone: neither unregister nor modify anything, and make a new one in the
child.

## Bad
```python
def child():
    selector.unregister(connection)
```

## Good
```python
def child():
    selector = selectors.DefaultSelector()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "epoll_shared",
        copied=True,
        advice="Leave the inherited selector alone in the child, and make a new one there; or make "
        "it after the fork.",
    ),
)

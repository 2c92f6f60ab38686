"""A child is given the number of a socket instead of the socket.

## What it sees
On Windows, a socket that is made of a number which is no socket in this process.

## Why
A number of a descriptor or a handle belongs to one process. A forked child has copies of all that
its parent has open, under the same numbers; a child started by spawn has none of them.

## What to do
Pass the socket itself: multiprocessing hands it over on every platform.

## Bad
```python
Process(target=serve, args=(connection.fileno(),)).start()
```

## Good
```python
Process(target=serve, args=(connection,)).start()
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis import raised
from startlab.diagnosis.raised import Raised
from startlab.diagnosis.rule import Mechanism

if TYPE_CHECKING:
    from startlab.diagnosis.case import Case, Cause

MECHANISMS: Final = (
    Mechanism(
        "descriptor_passed",
        shown=True,
        advice="Pass the socket itself, which multiprocessing hands over on every platform, or a "
        "multiprocessing.Pipe().",
        experiment="descriptor_number",
    ),
)


def find(case: Case) -> Cause | None:
    """Know it by the number of Windows' error, raised in the socket module."""
    return raised.find(case, _NO_SOCKET)


_NO_SOCKET: Final = Raised(
    r"OSError: \[WinError 10038\]",
    "descriptor_passed",
    "a child is given the number of a socket instead of the socket",
    "A child started by spawn has none of its parent's sockets and files; only a forked child has "
    "them.",
    at=r"socket\.py: ",
)

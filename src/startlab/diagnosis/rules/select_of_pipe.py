"""A pipe is given to `select`, which on Windows takes sockets only.

## What it sees
The error of Windows' select() for what is no socket.

## Why
On Windows `select` and `selectors` belong to the network: they wait for sockets only.

## What to do
Use multiprocessing.connection.wait().

## Bad
```python
ready, _, _ = select.select(connections, [], [])
```

## Good
```python
ready = multiprocessing.connection.wait(connections)
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
        "select_of_pipe",
        shown=True,
        depends_on="platform",
        advice="Use multiprocessing.connection.wait(), which takes connections, sockets and "
        "sentinels of processes on every platform, or read in a thread.",
    ),
)


def find(case: Case) -> Cause | None:
    """Know it by the number of Windows' error, raised at a select."""
    return raised.find(case, _NO_SOCKET)


_NO_SOCKET: Final = Raised(
    r"OSError: \[WinError (?:10038|10045)\]",
    "select_of_pipe",
    "`select` is given a pipe{at}",
    "On Windows it waits for sockets only.",
    at="select",
)

"""A wait for what is outside of the program, without a timeout.

## What it sees
A line of the program reads from a socket whose other end no process of the program has, or waits
for a connection, and nothing comes until the time is up. Other processes may wait for that one.

## Why
A socket has no timeout unless it is given one, and a library mostly leaves that to the program: as
long as the other end stays open and silent, the wait goes on. A pool, or a join, waits with it.

## What to do
Give the connection, the request or the socket a timeout: the wait fails then, with its line.

## Bad
```python
urllib.request.urlopen(url).read()
```

## Good
```python
urllib.request.urlopen(url, timeout=10).read()
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import line_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from startlab.model import ObstacleKind

MECHANISMS: Final = (
    Mechanism(
        "no_answer",
        symptom=True,
        advice="Give the connection or the request a timeout, so that the wait fails; if the "
        "program is a server, have it end by itself where it is tried.",
    ),
)

_WAITS: Final[Mapping[ObstacleKind, str]] = {
    "peer outside": "at a socket whose other end no process of the program has",
    "socket to outside": "at a socket to the outside",
    "open to connect": "for a connection from outside",
    "datagram": "for a datagram",
}


def find(case: Case) -> Cause | None:
    """See a line that waits for the outside, in a cell whose time was up."""
    if case.trial.grade != "quiescent":
        return None
    for process, thread in case.threads():
        obstacle = thread.wait.obstacle if thread.wait is not None else None
        where = line_of(thread)
        if obstacle is None or obstacle.timed or where is None or obstacle.kind not in _WAITS:
            continue
        return Cause(
            "no_answer",
            f"{case.who(process)} waits at {where} {_WAITS[obstacle.kind]}",
            "Nothing happened there until the time was up, and the wait has no timeout.",
            where,
        )
    return None

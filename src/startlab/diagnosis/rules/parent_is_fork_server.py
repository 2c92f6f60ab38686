"""A parent that is the fork server.

## What it sees
Where os.getppid() and psutil give the process that has started the child, forkserver does what the
others do; else it never does. Or what a check raises has both ids.

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

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Cause
from startlab.diagnosis.rule import Mechanism
from startlab.model import OtherParent

if TYPE_CHECKING:
    from startlab.diagnosis.case import Case

MECHANISMS: Final = (
    Mechanism(
        "parent_is_fork_server",
        advice="Use multiprocessing.parent_process(), which is whoever has started the child: its "
        "`pid`, and `is_alive()`.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that an exception tells the id of the fork server beside that of the starter."""
    said = case.trial.exception.message if case.trial.exception else ""
    for clue in case.clues(OtherParent):
        if all(re.search(rf"\b{pid}\b", said) for pid in (clue.parent, clue.starter)):
            return Cause(
                "parent_is_fork_server",
                "`os.getppid()` gives the fork server, not the process that has started the child",
                "A child started by forkserver is forked by the fork server, which is its parent.",
                case.where,
                grade="shown",
            )
    return None

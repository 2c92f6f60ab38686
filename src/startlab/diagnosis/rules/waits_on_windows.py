"""What Windows cannot wait for: a pipe in `select`, and too many workers.

## What it sees
The error of Windows' select() for what is no socket; or a ProcessPoolExecutor's own ValueError.

## Why
On Windows `select` and `selectors` belong to the network: they wait for sockets only. It waits for
at most 63 objects at once, and an executor needs two of them itself.

## What to do
Use multiprocessing.connection.wait(), and take at most 61 workers.

## Bad
```python
ready, _, _ = select.select(connections, [], [])
pool = ProcessPoolExecutor(max_workers=96)
```

## Good
```python
ready = multiprocessing.connection.wait(connections)
pool = ProcessPoolExecutor(max_workers=min(61, os.cpu_count() or 1))
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.raised import Raised, by_exception
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
    Mechanism(
        "too_many_workers",
        shown=True,
        depends_on="platform",
        advice="Take at most 61: `min(61, os.cpu_count() or 1)`.",
        experiment="too_many_workers",
    ),
)


def find(case: Case) -> Cause | None:
    """Know it by the number of Windows' error, raised at a select, or by the executor's words."""
    return by_exception(case, *_RAISED)


_RAISED: Final = (
    Raised(
        r"OSError: \[WinError (?:10038|10045)\]",
        "select_of_pipe",
        "`select` is given a pipe{at}",
        "On Windows it waits for sockets only.",
        at="select",
    ),
    Raised(
        r"ValueError: max_workers must be <= 61",
        "too_many_workers",
        "a ProcessPoolExecutor is given more than 61 workers{at}",
        "Windows waits for at most 63 objects at once, two of which the executor needs itself.",
    ),
)

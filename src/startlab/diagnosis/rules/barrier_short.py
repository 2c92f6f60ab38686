"""A barrier that too few processes reach.

## What it sees
Processes or threads wait in a `Barrier`, and nothing else goes on that could bring one more.

## Why
A `Barrier` lets no one through before as many have arrived as it was made for. One that failed
before it came, or that was never started, never comes.

## What to do
Make it for as many as wait at it, and give `wait()` a timeout.

## Bad
```python
gate = multiprocessing.Barrier(3)
for _ in range(2):
    multiprocessing.Process(target=work, args=(gate,)).start()
```

## Good
```python
gate = multiprocessing.Barrier(2, timeout=10)
for _ in range(2):
    multiprocessing.Process(target=work, args=(gate,)).start()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import is_in, line_of

MECHANISMS: Final = (
    Mechanism(
        "barrier_short",
        advice="Make it for the number that really wait at it, and give wait() a timeout: one that "
        "failed never arrives.",
    ),
)


def find(case: Case) -> Cause | None:
    """See processes wait in a Barrier for more to come."""
    waiting = [
        (process, line_of(thread))
        for process, thread in case.threads()
        if is_in(thread, "threading.py", "_wait")
    ]
    if not waiting:
        return None
    process, where = waiting[0]
    who = case.who(process) if len(waiting) == 1 else f"{len(waiting)} processes or threads"
    return Cause(
        "barrier_short",
        f"{who} wait{'s' if len(waiting) == 1 else ''} at {where} in a Barrier, and no others "
        f"arrive",
        "A Barrier opens only when as many have arrived as it was made for.",
        where,
    )

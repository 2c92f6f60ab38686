"""A manager that has ended.

## What it sees
A child does not find the manager of what it uses.

## Why
A manager is a process. It ends with its `with` block, when nothing refers to the manager any
longer, and as the program ends: that is before it waits for children that were not joined.

## What to do
Join the children before the manager's `with` block ends, and before the function that holds the
manager returns.

## Bad
```python
with multiprocessing.Manager() as manager:
    seen = manager.list()
    multiprocessing.Process(target=work, args=(seen,)).start()
```

## Good
```python
with multiprocessing.Manager() as manager:
    seen = manager.list()
    child = multiprocessing.Process(target=work, args=(seen,))
    child.start()
    child.join()
```
"""

from __future__ import annotations

import re
from typing import Final

from startlab.diagnosis.case import Case, Cause, started_at
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line

MECHANISMS: Final = (
    Mechanism(
        "manager_ended",
        shown=True,
        advice="join() the children before the manager's `with` block ends, and before the "
        "function that holds the manager returns.",
    ),
)

_BY_PROXY: Final = re.compile(r"\bself\._token\b|\bconn\.(send|recv)\(|^$")
"""Code of managers.py that asks a manager for what it keeps; none of what begins or finds one."""

_GONE: Final = re.compile(r"^(FileNotFound|ConnectionRefused|ConnectionReset|BrokenPipe|EOF)Error$")


def find(case: Case) -> Cause | None:
    """See a child that has not found its manager."""
    for traceback in case.tracebacks:
        asked = traceback.child and any(
            file.endswith("multiprocessing/managers.py") and _BY_PROXY.search(code)
            for (file, _), code in zip(traceback.frames, traceback.code, strict=False)
        )
        if not asked or not _GONE.match(traceback.exception.type):
            continue
        where = own_line(traceback.frames) or started_at(case)
        return Cause(
            "manager_ended",
            f"the manager has ended before a child uses at {where} what it keeps",
            "A manager is a process, which ends with its `with` block, when nothing refers to the "
            "manager any longer, and when the program ends, before it waits for its children.",
            where,
        )
    return None

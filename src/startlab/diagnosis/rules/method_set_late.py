"""A start method that is set too late.

## What it sees
`set_start_method()` raises that the context has been set, it is called once, and a line above it
makes something of multiprocessing.

## Why
The first lock, queue, pool or process that is created without a context of its own fixes the
platform's method for good.

## What to do
Call `set_start_method()` before anything of multiprocessing is made.

## Bad
```python
queue = multiprocessing.Queue()
multiprocessing.set_start_method("spawn")
```

## Good
```python
multiprocessing.set_start_method("spawn")
queue = multiprocessing.Queue()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line

MECHANISMS: Final = (
    Mechanism(
        "method_set_late",
        shown=True,
        advice="Call set_start_method() before anything of multiprocessing is created, or create "
        "it from get_context().",
        experiment="top_level_start_method",
    ),
)


def find(case: Case) -> Cause | None:
    """See that the only call of set_start_method() comes after something has asked for one."""
    told = [each for each in case.tracebacks if "already been set" in each.exception.message]
    where = own_line(told[0].frames) if told else None
    if where is None or any(each.child for each in told):
        return None
    file, _, number = where.rpartition(":")
    source = case.sources.file(file)
    first = source.mentions(r"\bset_start_method\(")
    earlier = source.mentions(_ASKS_FOR_A_METHOD)
    again = source.mentions(r"\bset_start_method\(", (first or 0) + 1)
    if earlier is None or first != int(number) or again or earlier >= first:
        return None
    return Cause(
        "method_set_late",
        f"set_start_method() at {where} comes too late: `{source.line(earlier)}` at "
        f"{file}:{earlier} has already fixed the method",
        "The first lock, queue, pool or process that is created without a context of its own "
        "fixes the platform's method for good.",
        where,
    )


_ASKS_FOR_A_METHOD: Final = (
    r"^(?!\s*(from|import|def|class)\b).*(?<!\w)(?:mp|multiprocessing)\.(Array|Barrier|Bounded|Con"
    r"dition|Event|JoinableQueue|Lock|Manager|Pool|Process|Queue|RLock|Semaphore|SimpleQueue|Value"
    r"|get_start_method)\w*\("
)

"""A process that died by a signal.

## What it sees
A process of the program ended by SIGSEGV, SIGABRT or the like, and no rule knows more of it.

## Why
Native code went wrong in it, under this start method or under all. The stacks are those that
faulthandler wrote.

## What to do
Look at the line that it died at, and at what that calls.

## Bad
```python
ctypes.string_at(0)
```

## Good
```python
buffer = ctypes.create_string_buffer(b"text")
ctypes.string_at(buffer)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import (
    Case,
    Cause,
    died_at,
    last_words,
)
from startlab.diagnosis.rule import Mechanism
from startlab.output import signals

MECHANISMS: Final = (Mechanism("crash", symptom=True, shown=True),)


def find(case: Case) -> Cause:
    """See that a process died by a signal, whatever the method."""
    where = died_at(case)
    said = last_words(case.trial.stderr)
    names = [signals.name_of(code) for _, code, _ in case.died if signals.name_of(code)]
    by = case.trial.signal or (names[0] if names else "a signal")
    who = "the program" if case.trial.signal else "a child"
    return Cause(
        "crash",
        f"{who} dies by {by}" + (f" at {where}" if where else ""),
        f"Before it died it said: {said}" if said else "",
        where,
        key=f"{by} {where}",
    )

"""A main module that cannot be imported by children.

## What it sees
The program has lost its fork server (`EOFError`, `ConnectionResetError`), and that ended by an
exception of its own.

## Why
The fork server imports the main module before its first fork, and an exception in that import ends
it.

## What to do
Let the main module be imported without an effect.

## Bad
```python
ARGUMENTS = parse(sys.argv[1])

def work():
    ...
```

## Good
```python
if __name__ == "__main__":
    arguments = parse(sys.argv[1])
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause, what_was_raised
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line

MECHANISMS: Final = (
    Mechanism(
        "main_import_fails",
        advice="Make the main module importable without side effects: the rest goes below "
        '`if __name__ == "__main__":`.',
        experiment="main_module_again",
    ),
)


def find(case: Case) -> Cause | None:
    """See that the fork server has ended by the import of the main module."""
    exception = case.trial.exception
    of_fork_server = [each for each in case.tracebacks if each.child and not each.passing]
    of_program = [each for each in case.tracebacks if not each.child and not each.passing]
    if exception is None or not of_fork_server or not of_program:
        return None
    if exception.type not in _OF_A_DEAD_FORK_SERVER:
        return None
    first = of_fork_server[0]
    where = own_line(first.frames) or case.trial.where
    return Cause(
        "main_import_fails",
        f"the import of the main module fails in the fork server, with {first.said} at {where}",
        "The fork server imports the main module before its first fork, and an exception in that "
        f"import ends it. The program only sees {what_was_raised(case.trial).rstrip('.')}.",
        where,
        key=f"{first.exception.type} {where}",
    )


_OF_A_DEAD_FORK_SERVER: Final = (
    "EOFError",
    "ConnectionResetError",
    "BrokenPipeError",
    "ConnectionRefusedError",
)

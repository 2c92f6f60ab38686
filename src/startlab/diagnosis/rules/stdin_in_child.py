"""Reading stdin, in a child or at its end.

## What it sees
`input()` raises `EOFError`.

## Why
multiprocessing opens the null device as the stdin of every child. Only the program itself can read
what is typed; and here it has nothing but what `--stdin` gives it.

## What to do
Read it in the program itself, and hand over what was read.

## Bad
```python
def work():
    name = input()

multiprocessing.Process(target=work).start()
```

## Good
```python
name = input()
multiprocessing.Process(target=work, args=(name,)).start()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line

MECHANISMS: Final = (
    Mechanism(
        "stdin_in_child",
        advice="Read it in the program itself, and hand over what was read.",
    ),
    Mechanism("no_stdin", advice="Provide its input: --stdin FILE."),
)


def find(case: Case) -> Cause | None:
    """See that the program, or a child, has read stdin where there is nothing to be read."""
    exception = case.trial.exception
    if exception is None or exception.type != "EOFError":
        return None
    if "reading a line" not in exception.message:
        return None
    in_child = [each for each in case.tracebacks if each.child]
    if not in_child:
        title = f"the program reads its stdin at {case.where}, which is empty"
        return Cause("no_stdin", title, "", case.where)
    where = own_line(in_child[-1].frames) or case.where
    return Cause(
        "stdin_in_child",
        f"a child reads its stdin at {where}, which is closed there",
        "multiprocessing opens the null device as the stdin of every child: only the program "
        "itself can read what is typed.",
        where,
    )

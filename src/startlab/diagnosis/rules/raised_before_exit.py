"""An exception after which the program waits for its children.

## What it sees
The program has raised an exception, which nothing catches, and waits at its end for a child that
waits for the program.

## Why
At its end a program joins the children that it has started and that are no daemons. What ends them,
an end mark or an event, comes from a line that an exception has skipped.

## What to do
Fix what is raised, and end the children in a `finally`; or start them with `daemon=True`.

## Bad
```python
writer.start()
for row in rows:
    queue.put(row["price"])  # KeyError
queue.put(None)
```

## Good
```python
writer.start()
try:
    for row in rows:
        queue.put(row["price"])
finally:
    queue.put(None)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import is_at, line_of, own_line

MECHANISMS: Final = (
    Mechanism(
        "raised_before_exit",
        shown=True,
        advice="Fix the exception, and end the children in a `finally`, or start them with "
        "daemon=True: a program that exits waits for children that are not daemons.",
    ),
)


def find(case: Case) -> Cause | None:
    """See the program at its end, after an exception of its own, join a child that waits."""
    if any(each.child for each in case.tracebacks) or case.died:
        return None  # what it raised may follow from what a child did
    raised = next((each for each in case.tracebacks if not each.passing), None)
    where = own_line(raised.frames) if raised is not None else None
    root = case.root
    frames = [each for p, t in case.threads() if p == root for each in t.stack]
    ends = any(is_at(each, "multiprocessing/util.py", "_exit_function") for each in frames)
    if raised is None or where is None or not ends:
        return None
    waiting = [line_of(thread) for process, thread in case.threads() if process != root]
    at = next((line for line in waiting if line), None)
    return Cause(
        "raised_before_exit",
        f"the program raises {raised.said} at "
        f"{where}, and at its end waits for a child that "
        + (f"still waits at {at}" if at else "does not end"),
        "Once an exception has left the main module, multiprocessing joins all children that are "
        "not daemons. What should end this one comes after the line that raises.",
        where,
    )

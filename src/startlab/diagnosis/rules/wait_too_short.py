"""A wait for a child that is given up before the child has begun.

## What it sees
A wait with a time limit ran out once, and only then did the child begin that was started: the
program ends by what the wait raises, or does not do what it does elsewhere. Or an experiment has
shown that the program works where each such wait goes on for a while.

## Why
A forked child runs at once. One that is started by spawn or forkserver has to start Python, and to
import the main module, before it begins with its task: that takes tens of milliseconds, and seconds
where big libraries are imported.

## What to do
Wait longer, or have the child say that it has begun, and count from then.

## Bad
```python
child.start()
child.join(0.05)
if child.is_alive():
    child.terminate()
```

## Good
```python
child.start()
begun.wait()
child.join(0.05)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line
from startlab.model import RanOut

if TYPE_CHECKING:
    from startlab.diagnosis.case import Case

MECHANISMS: Final = (
    Mechanism(
        "wait_too_short",
        advice="Wait longer, or have the child say that it has begun, as by an Event, and count "
        "from then.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that the program raises something at the line of a wait that has run out."""
    ended = {own_line(each.frames) for each in case.tracebacks if not each.child}
    found = next((each for each in case.clues(RanOut) if each.where in ended), None)
    return _cause(found)._replace(grade="shown") if found else None


def in_output(case: Case) -> Cause | None:
    """See that a wait has run out which did not elsewhere."""
    found = case.telling(RanOut)
    return _cause(found[0]) if found else None


def _cause(clue: RanOut) -> Cause:
    return Cause(
        "wait_too_short",
        f"the program waits at {clue.where} for a shorter time than a child takes",
        f"`{clue.call}()` gave up after {clue.limit_ms / 1000:.2g} s, before the child had "
        "begun. A forked child runs at once. One that is started by spawn or "
        "forkserver has to start Python, and to import the main module, before it begins with its "
        "task.",
        clue.where,
    )

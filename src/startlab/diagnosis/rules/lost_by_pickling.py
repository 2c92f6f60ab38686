"""Something that an object no longer has after it was pickled.

## What it sees
Where objects travel with all that they have, whatever their class gives to pickle, the program does
what it does under fork. Or a child or a worker raises AttributeError or KeyError for what the
program has given to an object that a library has made.

## Why
What is given to a child started by spawn or forkserver, to a pool's task or to a queue is pickled.
What `__getstate__` or `__reduce__` leaves out, as a lock or what is not in `__slots__`, does not
arrive. A forked child's arguments are not pickled: they have all.

## What to do
Give it to `__getstate__`'s result, or create it again in `__setstate__`.

## Bad
```python
def __getstate__(self):
    return {"name": self.name}  # self.offset is lost
```

## Good
```python
def __getstate__(self):
    return {"name": self.name, "offset": self.offset}
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.stacks import own_line

if TYPE_CHECKING:
    from startlab.output.tracebacks import Traceback

MECHANISMS: Final = (
    Mechanism(
        "lost_by_pickling",
        advice="Return it from `__getstate__` too, or create it again in `__setstate__`.",
    ),
    Mechanism(
        "not_pickled_by_library",
        advice="Give the child what is lost beside the object, as in a tuple, and set it again "
        "there; some libraries have an option for pickling it too.",
    ),
)


def find(case: Case) -> Cause | None:
    """See a child miss what was given to an object of a library's, at the line that asks for it.

    What a class of the program's own leaves out, an experiment shows.
    """
    return next((cause for each in case.of_children if (cause := _needed(case, each))), None)


def _needed(case: Case, traceback: Traceback) -> Cause | None:
    exception = traceback.exception
    match = _MISSES.search(f"{exception.type}: {exception.message}")
    name = next(filter(None, match.groups())) if match else ""
    used = own_line(traceback.frames)
    if not name or used is None or name not in case.sources.code(used):
        return None
    kept = Calls(case.sources).kept_under(name)
    if not kept:
        return None
    first = kept[0]
    return Cause(
        "not_pickled_by_library",
        f"`{name}`, which {first.told} at {first.where} keeps in an object of {first.package}, "
        f"is lost as the object is pickled: {used} needs it",
        f"There it raises {traceback.said}. What is given to a "
        "child started by spawn or forkserver, to a pool's task or to a queue is pickled, and "
        f"keeps only what {first.package} gives to pickle.",
        used,
    )


_MISSES: Final = re.compile(
    r"^KeyError: ['\"](\w+)['\"]$|^AttributeError: '\w+' object has no attribute '(\w+)'"
)

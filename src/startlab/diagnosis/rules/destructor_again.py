"""Destructors that run in children too.

## What it sees
A file, folder or connection is missing, and a class of the program's has a `__del__` or a
`weakref.finalize()` that clears one away.

## Why
What is given to a child started by spawn or forkserver is pickled and made again there: a second
object, which knows the same file or folder. When it ends, it clears that away.

## What to do
Keep the `os.getpid()` of the process that made it, and clear away only there. Or give the child the
path, not the object.

## Bad
```python
class Work:
    def __init__(self):
        self.folder = tempfile.mkdtemp()

    def __del__(self):
        shutil.rmtree(self.folder)
```

## Good
```python
class Work:
    def __init__(self):
        self.folder, self.owner = tempfile.mkdtemp(), os.getpid()

    def __del__(self):
        if os.getpid() == self.owner:
            shutil.rmtree(self.folder)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import OF_WHAT_IS_GONE, Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import written
from startlab.diagnosis.stacks import own_line
from startlab.output.tracebacks import first_line

MECHANISMS: Final = (
    Mechanism(
        "destructor_again",
        advice="Keep the os.getpid() of the process that made it, and clean up only there; or "
        "give the child the path, not the object.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a child has cleared away, with its copy of an object, what is the parent's."""
    gone = [each for each in case.tracebacks if OF_WHAT_IS_GONE.search(each.exception.type)]
    where = written(case.sources, r"\bdef __del__\b|\bweakref\.finalize\(")
    if not gone or where is None or "fork" in case.trial.method_used:
        return None
    first = next((each for each in gone if not each.child), gone[0])
    return Cause(
        "destructor_again",
        where,
        f"the destructor at {where} also runs for the copy that a child is given, and removes "
        f"what the program still needs",
        "What is given to a child started by spawn or forkserver is pickled and rebuilt there: a "
        "second object for the same file or folder, whose destructor removes that. At "
        f"{own_line(first.frames)} it is missed: {first.exception.type}: "
        f"{first_line(first.exception.message)}.",
        where,
    )

"""What a child cannot make again of what it was given.

## What it sees
A child raises while it unpickles what it is to run: its target, its arguments, its process object.

## Why
Unpickling makes an object without a call of `__init__`, and gives it its attributes afterwards.
`__getattr__`, `__hash__`, `__eq__` and `__setstate__` may be called before it has them. The parent
is not told: for it, the child has just ended.

## What to do
Let `__getattr__` raise AttributeError for what is not there, let `__hash__` use only what the
object is made with, or write `__reduce__`.

## Bad
```python
class Traced:
    def __getattr__(self, name):
        return getattr(self.inner, name)  # without `inner`, it asks itself

multiprocessing.Process(target=run, args=(Traced(model),)).start()
```

## Good
```python
class Traced:
    def __getattr__(self, name):
        if name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause, started_at
from startlab.diagnosis.libraries import is_unpickling, package
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line

MECHANISMS: Final = (
    Mechanism(
        "unpickling_fails",
        shown=True,
        imported=True,
        advice="Let `__getattr__`, `__hash__` and the like work on an object that has no "
        "attributes yet, or write `__reduce__`; look at Process.exitcode after join().",
    ),
    Mechanism(
        "library_cannot_unpickle",
        shown=True,
        imported=True,
        advice="Set the library up in the children as in the parent before they are given "
        "anything, for example in a pool's `initializer=`; or give them plain data.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a child has raised, in code of the program, while it read what it is to run."""
    for traceback in case.tracebacks:
        where = own_line(traceback.frames) if is_unpickling(traceback) else None
        if where is not None:
            given = case.given_at or started_at(case)
            at = f", at {given}," if given else ""
            return Cause(
                "unpickling_fails",
                f"what a child is given{at} cannot be unpickled there: {traceback.said} at {where}",
                "What is given to a child started by spawn or forkserver is pickled, and rebuilt "
                "there without calling `__init__`: its attributes come last.",
                where,
            )
    return None


def suspect(case: Case) -> Cause | None:
    """See that a library has raised in a child while it read what it is to work on."""
    for traceback in case.tracebacks:
        by = package(traceback.frames[-1][0]) if traceback.frames else ""
        if traceback.child and by and is_unpickling(traceback):
            where = case.given_at or case.where or started_at(case)
            return Cause(
                "library_cannot_unpickle",
                f"what a child is given at {where} cannot be unpickled there by {by}: "
                f"{traceback.said}",
                f"What a child is given is pickled, and rebuilt in the child by {by}, which "
                "has raised: it may lack what only the parent has set up.",
                where,
                key=f"{by} {where}",
            )
    return None

"""What a child cannot make again of what it was given, or what is lost on the way.

## What it sees
A child raises while it unpickles what it is to run: its target, its arguments, its process object;
or while it imports the module that defines that, which its parent has imported after others.
Or a child or a worker raises AttributeError or KeyError for what the program has given to an object
that a library has made. Or, by experiment: where objects travel with all that they have, whatever
their class gives to pickle, the program does what it does under fork.

## Why
What is given to a child started by spawn or forkserver, to a pool's task or to a queue is pickled.
What `__getstate__` or `__reduce__` leaves out, as a lock or what is not in `__slots__`, does not
arrive. Unpickling makes an object without a call of `__init__`, and gives it its attributes
afterwards: `__getattr__`, `__hash__`, `__eq__` and `__setstate__` may be called before it has them.
The parent is not told: for it, the child has just ended.

## What to do
Let `__getattr__` raise AttributeError for what is not there, let `__hash__` use only what the
object is made with, or write `__reduce__`. Give what is lost to `__getstate__`'s result, or create
it again in `__setstate__`.

## Bad
```python
class Traced:
    def __getattr__(self, name):
        return getattr(self.inner, name)  # without `inner`, it asks itself

    def __getstate__(self):
        return {"inner": self.inner}  # self.offset is lost
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

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause, started_at
from startlab.diagnosis.libraries import is_unpickling, package
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.source.places import own_files
from startlab.diagnosis.stacks import ABSOLUTE, own_line

if TYPE_CHECKING:
    from startlab.output.tracebacks import Traceback

MECHANISMS: Final = (
    Mechanism(
        "unpickling_fails",
        shown=True,
        imported=True,
        advice="Let `__getattr__`, `__hash__` and the like work on an object that has no "
        "attributes yet, or write `__reduce__`; look at Process.exitcode after join().",
    ),
    Mechanism(
        "import_order",
        shown=True,
        imported=True,
        advice="Let the module be imported by itself: put what two modules need of each other into "
        "a third one, or import it in the function that needs it.",
    ),
    Mechanism(
        "library_cannot_unpickle",
        shown=True,
        imported=True,
        advice="Set the library up in the children as in the parent before they are given "
        "anything, for example in a pool's `initializer=`; or give them plain data.",
    ),
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
    """See that a child has raised while it read what it is to run, or for what is lost by that.

    What a class of the program's own leaves out, an experiment shows.
    """
    for traceback in case.tracebacks:
        where = own_line(traceback.frames) if is_unpickling(traceback) else None
        if where is not None:
            given = case.given_at or started_at(case)
            at = f", at {given}" if given else ""
            file, line = next(each for each in traceback.frames if not ABSOLUTE.match(each[0]))
            if case.sources.file(file).is_at_import(line):
                return Cause(
                    "import_order",
                    f"children cannot import {file}, which defines what they are given{at}: "
                    f"{traceback.said} at {where}",
                    "A function is pickled by its name. The child imports its module, without what "
                    "the parent has imported before it: modules that import each other may work "
                    "in one order alone.",
                    where,
                )
            return Cause(
                "unpickling_fails",
                f"what a child is given{at and f'{at},'} cannot be unpickled there: "
                f"{traceback.said} at {where}",
                "What is given to a child started by spawn or forkserver is pickled, and rebuilt "
                "there without calling `__init__`: its attributes come last.",
                where,
            )
    return next((cause for each in case.of_children if (cause := _needed(case, each))), None)


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


def _needed(case: Case, traceback: Traceback) -> Cause | None:
    """See a child miss what an object had in the parent, at the line that asks for it."""
    exception = traceback.exception
    match = _MISSES.search(f"{exception.type}: {exception.message}")
    used = own_line(traceback.frames)
    name = (match["key"] or match["name"]) if match else ""
    if match is None or used is None or name not in case.sources.code(used):
        return None
    if match["kind"] and case.trial.method_used != ("fork",):
        passed = [file for file, _ in reversed(traceback.frames) if not ABSOLUTE.match(file)]
        for file in (*passed, *own_files(case.sources)):
            line = case.sources.file(file).set_by_init(match["kind"], name)
            if line is not None:
                return _left_out(traceback, f"{match['kind']}.{name}", f"{file}:{line}", used)
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


def _left_out(traceback: Traceback, name: str, made: str, used: str) -> Cause:
    """Tell what `__init__` has given an object, which its class does not give to pickle."""
    return Cause(
        "lost_by_pickling",
        f"`{name}`, which is set at {made}, is lost as the object is pickled: {used} needs it",
        f"There a child raises {traceback.said}. What is given to a child started by spawn or "
        "forkserver, to a pool's task or to a queue is pickled, and keeps only what `__getstate__` "
        "or `__reduce__` gives, of its class or of one that this is derived from.",
        made,
    )


_MISSES: Final = re.compile(
    r"^KeyError: ['\"](?P<key>\w+)['\"]$"
    r"|^AttributeError: '(?P<kind>\w+)' object has no attribute '(?P<name>\w+)'"
)

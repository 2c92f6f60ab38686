"""Something that an object no longer has after it was pickled.

## What it sees
A child or a worker raises AttributeError for an attribute that the program sets, of a class that
says itself how it is pickled. Or it raises that or KeyError for what the program has given to an
object that a library has made.

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

import ast
import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause, is_remote
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.source.places import own_files, written
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

_LACKS: Final = re.compile(r"^'(\w+)' object has no attribute '(\w+)'")
_SAYS_HOW: Final = ("__getstate__", "__reduce__", "__reduce_ex__", "__getnewargs__")


def find(case: Case) -> Cause | None:
    """See a child miss an attribute of what it was given, whose class says how it is pickled."""
    for traceback in case.tracebacks:
        if not (traceback.child or is_remote(traceback, case)):
            continue
        if cause := _of_library(case, traceback):
            return cause
        match = _LACKS.search(traceback.exception.message)
        if match is None or traceback.exception.type != "AttributeError":
            continue
        kind, name = match.groups()
        said = _says_how(case, kind)
        set_at = written(case.sources, rf"\.{re.escape(name)}\s*(:[^=]+)?=[^=]")
        if said is None or set_at is None:
            continue
        method, where = said
        used = own_line(traceback.frames)
        return Cause(
            "lost_by_pickling",
            f"a {kind} has lost `{name}` as it was pickled: `{method}` at {where} leaves it out"
            + (f", and {used} needs it" if used else ""),
            f"It is set at {set_at}. What is given to a child started by spawn or forkserver, to a "
            "pool's task or to a queue is pickled, and keeps only what its class gives to pickle.",
            where,
            key=f"{kind}.{name}",
        )
    return None


def _of_library(case: Case, traceback: Traceback) -> Cause | None:
    """See a child miss what was given to an object of a library's, at the line that asks for it."""
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


def _says_how(case: Case, kind: str) -> tuple[str, str] | None:
    """Find the method of a class, or of one that it is derived from, that says how to pickle it."""
    classes = {
        node.name: (file, node)
        for file in own_files(case.sources)
        for node in ast.walk(case.sources.file(file).tree)
        if isinstance(node, ast.ClassDef)
    }
    names = [kind]
    for name in names:
        if name not in classes:
            continue
        file, node = classes[name]
        for each in node.body:
            if isinstance(each, ast.FunctionDef) and each.name in _SAYS_HOW:
                return each.name, f"{file}:{each.lineno}"
        bases = [ast.unparse(each).rpartition(".")[2] for each in node.bases]
        names += [each for each in bases if each not in names]
    return None

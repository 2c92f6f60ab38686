"""An attribute that an object no longer has after it was pickled.

## What it sees
A child or a worker raises AttributeError for an attribute that the program sets, of a class that
says itself how it is pickled.

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
from typing import Final

from startlab.diagnosis.case import Case, Cause, is_remote
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import own_files, written
from startlab.diagnosis.stacks import own_line

MECHANISMS: Final = (
    Mechanism(
        "lost_by_pickling",
        advice="Return it from `__getstate__` too, or create it again in `__setstate__`.",
    ),
)

_LACKS: Final = re.compile(r"^'(\w+)' object has no attribute '(\w+)'")
_SAYS_HOW: Final = ("__getstate__", "__reduce__", "__reduce_ex__", "__getnewargs__")


def find(case: Case) -> Cause | None:
    """See a child miss an attribute of what it was given, whose class says how it is pickled."""
    for traceback in case.tracebacks:
        match = _LACKS.search(traceback.exception.message)
        if match is None or traceback.exception.type != "AttributeError":
            continue
        if not (traceback.child or is_remote(traceback, case)):
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

"""A cache of results that is filled in the parent, and empty in its children.

## What it sees
A function has `functools.lru_cache` or `functools.cache`, it is called in more than one place,
children that have imported the main module may call it, and what it does is not the same each time.
The child raises in it, or the output differs and no stronger reason is known.

## Why
A forked child has its parent's caches, with all that is in them. A child started by spawn or
forkserver imports the main module, and its caches are empty: the function runs again there.

## What to do
Give the children the result as an argument.

## Bad
```python
@functools.lru_cache
def settings():
    return json.loads(sys.stdin.read())

def work():
    print(settings()["depth"])
```

## Good
```python
def work(settings):
    print(settings["depth"])

multiprocessing.Process(target=work, args=(settings(),)).start()
```
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause, imports_main
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import children_may_use, own_files
from startlab.diagnosis.stacks import own_line
from startlab.output.tracebacks import first_line
from startlab.results.summary import WELL

if TYPE_CHECKING:
    from collections.abc import Iterator

MECHANISMS: Final = (
    Mechanism(
        "cache_empty",
        imported=True,
        advice="Give the children the result: as an argument of Process, or through `initializer=` "
        "and `initargs=` of a pool; or make sure that the function always returns the same.",
        experiment="changed_global",
    ),
)

_CACHE: Final = re.compile(r"\b(lru_cache|cache)\b")


def find(case: Case) -> Cause | None:
    """See that a child raises in a function whose result its parent has kept."""
    if not imports_main(case) or not any(each.outcome in WELL for each in case.others):
        return None
    for traceback in case.tracebacks:
        for name, file, function in _cached(case) if traceback.child else ():
            inside = [line for at, line in traceback.frames if at == file]
            if any(function.lineno <= line <= (function.end_lineno or 0) for line in inside):
                said = f"{traceback.exception.type}: {first_line(traceback.exception.message)}"
                more = f" It raises {said}, at {own_line(traceback.frames)}."
                return _cause(name, f"{file}:{_first(function)}", more)
    return None


def suspect(case: Case) -> Cause | None:
    """See that the output differs, and a function whose result is kept does more than compute."""
    if not imports_main(case) or not any(case.lines):
        return None
    for name, file, function in _cached(case):
        acts = _EFFECTS.search(ast.unparse(function))
        if acts or case.sources.file(file).mentions(rf"\b{name}\.cache_info\("):
            return _cause(name, f"{file}:{_first(function)}")
    return None


_EFFECTS: Final = re.compile(
    r"\b(print|open|input|read|read_text|urlopen|time|now|random\w*|getpid|pop|next|append)\("
)


def _cached(case: Case) -> Iterator[tuple[str, str, ast.FunctionDef]]:
    """Give the functions whose results are kept, which the parent calls, and children may call."""
    for file in own_files(case.sources):
        tree = case.sources.file(file).tree
        calls = [ast.unparse(each.func) for each in ast.walk(tree) if isinstance(each, ast.Call)]
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef):
                continue
            kept = any(_CACHE.search(ast.unparse(each)) for each in node.decorator_list)
            if kept and calls.count(node.name) > 1 and children_may_use(case.sources, [node.name]):
                yield node.name, file, node


def _first(function: ast.FunctionDef) -> int:
    return min([function.lineno, *(each.lineno for each in function.decorator_list)])


def _cause(name: str, where: str, more: str = "") -> Cause:
    return Cause(
        "cache_empty",
        f"the children do not have the results of `{name}()`, at {where}, that the parent has "
        f"cached",
        "A child started by spawn or forkserver imports the main module, and its caches are empty: "
        f"`{name}()` runs again there, and returns something else.{more}",
        where,
        key=name,
    )

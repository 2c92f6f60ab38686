"""What children cannot find in a module.

## What it sees
A child raises that it cannot find the function or class that it is to run, or of what it is given.

## Why
A child started by spawn or forkserver imports the main module and looks there for what it is to
run, by its name. A forked child has what its parent had made when it was forked.

## What to do
Define it at the top level of a module, before the first start.

## Bad
```python
if __name__ == "__main__":
    def work():
        ...

    multiprocessing.Process(target=work).start()
```

## Good
```python
def work():
    ...

if __name__ == "__main__":
    multiprocessing.Process(target=work).start()
```
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause, started_at
from startlab.diagnosis.libraries import package
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import written
from startlab.diagnosis.source.sources import MAIN_OF_PACKAGE
from startlab.diagnosis.stacks import own_line
from startlab.model import Moved

if TYPE_CHECKING:
    from startlab.output.tracebacks import Traceback

MECHANISMS: Final = (
    Mechanism(
        "not_importable",
        shown=True,
        advice="Define it at the top level of a module, outside of any `if` and function.",
        experiment="target_under_guard",
    ),
    Mechanism(
        "main_of_workers",
        shown=True,
        advice="Define it in a module that the workers can import by its name, or start them from "
        "the program's first process.",
    ),
    Mechanism(
        "main_of_package",
        shown=True,
        advice="Define it in another module of the package, and import it in __main__.py.",
        experiment="target_under_guard",
    ),
    Mechanism(
        "defined_after_start",
        shown=True,
        advice="Make the pool, or start the process, after what it runs.",
    ),
)


_NOT_FOUND: Final = re.compile(
    r"Can't get attribute '(?P<a>[^']+)' on <module '(?P<in>[^']+)'( from '(?P<file>[^']+)')?"
    r"|module '(?P<main>__main__|__mp_main__)' has no attribute '(?P<b>[^']+)'"
)
_NO_MODULE: Final = re.compile(r"No module named '([\w.]+)'")
_MAIN: Final = ("__main__", "__mp_main__")
_UNPICKLES: Final = ("multiprocessing/spawn.py", "multiprocessing/queues.py")
"""Where a child reads what it is to run, and a worker its tasks."""


def _missing_module(case: Case, traceback: Traceback) -> Cause | None:
    """See that only the parent finds a module: of the program's, or of what a child is to run."""
    match = _NO_MODULE.match(traceback.exception.message)
    if match is None:
        return None
    file = case.sources.file_of(match[1])
    moved = next((each.where for each in case.clues(Moved) if file), None)
    if moved:
        return Cause(
            "module_elsewhere",
            f"the children cannot import the module `{match[1]}`, which is {file} in the parent: "
            f"it changes its working folder at {moved}",
            "Where sys.path has a relative folder, that is looked for in the folder that the "
            "parent is in when it starts the child.",
            moved,
            key=match[1],
        )
    last = traceback.frames[-1][0] if traceback.frames else ""
    if not last.endswith(_UNPICKLES):
        return None  # an import statement of the program's
    made = written(case.sources, rf"[\"']{re.escape(match[1])}[\"']")
    at = f" (named at {made})" if made else ""
    return Cause(
        "module_elsewhere",
        f"the children cannot import the module `{match[1]}` of what they are to run, which only "
        f"their parent has{at}",
        "A function is pickled by its name and its module's: the child imports that. It finds "
        "nothing that its parent has made itself, or loaded from a file of another name.",
        made or case.where,
        key=match[1],
    )


def find(case: Case) -> Cause | None:
    """See that the import of a module does not define what a child was told to run."""
    for traceback in case.tracebacks:
        if traceback.child and (missing := _missing_module(case, traceback)) is not None:
            return missing
        match = _NOT_FOUND.search(traceback.exception.message)
        if match is None:
            continue
        name, module = match["a"] or match["b"], match["in"] or match["main"]
        defined = _defined_at(case, name, module)
        begun = started_at(case)
        if defined and case.inherited_main and _is_before(begun, defined):
            return Cause(
                "defined_after_start",
                f"children that are forked at {begun} do not have `{name}`, which is defined at "
                f"{defined}, only after that",
                "A forked child has what its parent had when it was forked, and nothing of what "
                f"came later. It ended with {traceback.exception.type}.",
                defined,
                key=name,
            )
        own = module in _MAIN
        line = _in_main(case, name)
        if line is not None and package(match["file"] or ""):
            return _of_workers(case, name, module, line)
        if line is not None and own and case.sources.skips_main:
            return _of_package(name, line, traceback.exception.type)
        where = "" if own else f" in the module `{module}`"
        only = f", which is defined at {defined} only where the program itself comes"
        imported = "the main module" if own else f"`{module}`"
        return Cause(
            "not_importable",
            f"children cannot find `{name}`{where}{only if defined else ''}",
            f"A child started by spawn or forkserver imports {imported} and looks there for the "
            f"functions and classes that it is given. `{name}` is not there after that import: it "
            'is defined below `if __name__ == "__main__":`, in a function, or in an interactive '
            f"session. It ended with {traceback.exception.type}.",
            defined or begun,
            key=name,
        )
    return None


def _in_main(case: Case, name: str) -> str | None:
    """Find the line at which the main module's own body defines a name."""
    own = name.partition(".")[0]
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    body = case.sources.file(case.sources.main).tree.body
    lines = [e.lineno for e in body if isinstance(e, defined) and e.name == own]
    return f"{case.sources.main}:{lines[-1]}" if lines else None


def _of_workers(case: Case, name: str, module: str, defined: str) -> Cause:
    """Tell of a library's workers, whose main module is the library's and not the program's."""
    by = module.partition(".")[0]
    where = next((line for e in reversed(case.tracebacks) if (line := own_line(e.frames))), None)
    return Cause(
        "main_of_workers",
        f"the workers that {by} starts from a child cannot find `{name}`, which is defined at "
        f"{defined}" + (f": it is given to them at {where}" if where else ""),
        "A child started by spawn or forkserver knows the program's main module as `__mp_main__`, "
        f"and pickles what that defines by this name. For {by}'s own workers the main module is "
        f"`{module}`.",
        where or defined,
        key=name,
    )


def _of_package(name: str, defined: str, ended: str) -> Cause:
    """Tell of a package's main module, which children do not import."""
    return Cause(
        "main_of_package",
        f"children cannot find `{name}`: they do not import a package's {MAIN_OF_PACKAGE}, which "
        f"defines it at {defined}",
        "A child started by spawn or forkserver imports the main module again, but not the "
        f"{MAIN_OF_PACKAGE} of a package or folder: that may have no guard. It ended with {ended}.",
        defined,
        key=name,
    )


def _defined_at(case: Case, name: str, module: str) -> str | None:
    """Find the line that defines a name, in its module or by another one that puts it there."""
    main = case.sources.main
    files = [main] if module in _MAIN else case.sources.files_of(module, ".")
    own = re.escape(name.partition(".")[0])
    for file in files:
        line = case.sources.file(file).mentions(rf"\b(def|class)\s+{own}\b|\b{own}\s*=")
        if line:
            return f"{file}:{line}"
    last = re.escape(module.rpartition(".")[2])
    return written(case.sources, rf"\b{last}\.{own}\s*=[^=]", r"\bsetattr\(")


def _is_before(one: str | None, other: str | None) -> bool:
    """Tell whether a line stands above another one of the same file."""
    file, _, line = (one or "").rpartition(":")
    other_file, _, other_line = (other or "").rpartition(":")
    return file == other_file and line.isdigit() and int(line) < int(other_line)

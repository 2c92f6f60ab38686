"""What children cannot find in a module.

## What it sees
A child raises that it cannot find the function or class that it is to run.

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

import re
from typing import Final

from startlab.diagnosis.case import Case, Cause, started_at
from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "not_importable",
        shown=True,
        advice="Define it at the top level of a module, outside of any `if` and function.",
        experiment="target_under_guard",
    ),
    Mechanism(
        "defined_after_start",
        shown=True,
        advice="Make the pool, or start the process, after what it runs.",
    ),
)


_NOT_FOUND: Final = re.compile(
    r"Can't get attribute '(?P<a>[^']+)' on <module '(?:__main__|__mp_main__)'"
    r"|module '(?:__main__|__mp_main__)' has no attribute '(?P<b>[^']+)'"
)


def find(case: Case) -> Cause | None:
    """See that the import of main does not define what a child was told to run."""
    for traceback in case.tracebacks:
        match = _NOT_FOUND.search(traceback.exception.message)
        if match is None:
            continue
        name = match["a"] or match["b"]
        line = case.sources.file(case.sources.main).mentions(
            rf"\b(def|class)\s+{name}\b|\b{name}\s*="
        )
        where = f"{case.sources.main}:{line}" if line else started_at(case)
        begun = started_at(case)
        if line and case.inherited_main and _is_before(begun, where):
            return Cause(
                "defined_after_start",
                name,
                f"children that are forked at {begun} do not have `{name}`, which is defined at "
                f"{where}, only after that",
                "A forked child has what its parent had made when it was forked, and nothing of "
                f"what came later. It ended with {traceback.exception.type}.",
                where,
            )
        return Cause(
            "not_importable",
            name,
            f"children cannot find `{name}`"
            + (
                f", which is defined at {where} only where the program itself comes" if line else ""
            ),
            "A child started by spawn or forkserver imports the main module and looks there for "
            "what it is "
            f"to run. `{name}` is not there after that import: it is defined below "
            '`if __name__ == "__main__":`, in a function, or in an interactive session. '
            f"It ended with {traceback.exception.type}.",
            where,
        )
    return None


def _is_before(one: str | None, other: str | None) -> bool:
    """Tell whether a line stands above another one of the same file."""
    file, _, line = (one or "").rpartition(":")
    other_file, _, other_line = (other or "").rpartition(":")
    return file == other_file and line.isdigit() and int(line) < int(other_line)

"""An import of the main module that does harm when a child runs it again.

## What it sees
A child's traceback goes through the import of the main module, which did not fail in the parent.
Or, by experiment: where children leave out one of its statements, they do what forked ones do. Or
the program has lost its fork server, which has ended by an exception of its own; or children alone
lack a module.

## Why
A child started by spawn or forkserver imports the main module, in the folder that its parent is in
then. What stands outside the main guard happens once more there: it prints again, empties a file
that it opens for writing, or does not work twice.

## What to do
Put what should happen only once below `if __name__ == "__main__":`, and make paths absolute.

## Bad
```python
os.mkdir("results")
os.chdir("results")
RATES = open("../rates.json").read()
```

## Good
```python
RATES = pathlib.Path(__file__).with_name("rates.json").read_text()

if __name__ == "__main__":
    os.mkdir("results")
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause, what_was_raised
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import ABSOLUTE, own_line
from startlab.results.summary import WELL

if TYPE_CHECKING:
    from startlab.output.tracebacks import Traceback


MECHANISMS: Final = (
    Mechanism(
        "main_runs_again",
        imported=True,
        advice='Put what should happen only once below `if __name__ == "__main__":`, or into a '
        "function that is called there.",
        experiment="main_module_again",
    ),
    Mechanism(
        "main_import_fails",
        advice="Make the main module importable without side effects: the rest goes below "
        '`if __name__ == "__main__":`.',
        experiment="main_module_again",
    ),
)


def find(case: Case) -> Cause | None:
    """See that the import of the main module raises in a child, though it did not in the parent."""
    for traceback in case.tracebacks:
        place = _imported_by_child(traceback)
        exception, said = traceback.exception, traceback.said
        if place is None or exception.type in _OF_AN_IMPORT:
            continue
        at = own_line(traceback.frames)
        inner = f" (raised at {at})" if at != place else ""
        waits = ""
        if case.trial.outcome == "hang" and case.where:
            waits = f" {case.where} still waits for what the child should have done."
        return Cause(
            "main_runs_again",
            f"{place} runs again in each child, which imports the main module, and raises {said}"
            f"{inner}",
            "A child started by spawn, or the fork server, first imports the main module: "
            f'what is not below `if __name__ == "__main__":` happens again there, and `'
            f"{case.sources.code(place)}`, which has worked in the parent, fails. The child ends "
            f"before its target begins.{waits}",
            place,
        )
    return None


def suspect(case: Case) -> Cause | None:
    """See that the import of the main module fails in the fork server, or in children alone."""
    ended = case.trial.exception
    first = next(
        (
            each
            for each in case.tracebacks
            if each.child and not each.passing and not any(_RUNS in file for file, _ in each.frames)
        ),
        None,
    )
    if ended is None or first is None:
        return None
    where = own_line(first.frames) or case.trial.where
    of_program = any(not each.child and not each.passing for each in case.tracebacks)
    if ended.type in _OF_A_DEAD_FORK_SERVER and of_program:
        who = "the fork server"
        why = "The fork server imports the main module before its first fork, and an exception in "
        seen = what_was_raised(case.trial).rstrip(".")
        why += f"that import ends it. The program only sees {seen}."
    elif _imported_by_child(first) and _is_importable(case):
        who = "every child"
        why = "The parent imports it: it has made or loaded that module itself, or has found it in "
        why += "a folder that it has looked in then."
    else:
        return None
    return Cause(
        "main_import_fails",
        f"the import of the main module fails in {who}, with {first.said} at {where}",
        why,
        where,
        key=f"{first.exception.type} {where}",
    )


def _is_importable(case: Case) -> bool:
    """Tell whether the same Python runs the program well under another start method."""
    there = case.trial.environment
    return any(each.outcome in WELL and each.environment == there for each in case.others)


_OF_A_DEAD_FORK_SERVER: Final = (
    "EOFError", "ConnectionResetError", "BrokenPipeError", "ConnectionRefusedError",
)  # fmt: skip
_RUNS: Final = "multiprocessing/process.py"
"""What a child is in that has begun: it was started after the import."""

_OF_AN_IMPORT: Final = ("ImportError", "ModuleNotFoundError", "SyntaxError", "NameError")


def _imported_by_child(traceback: Traceback) -> str | None:
    """Give the main module's own line at which a child's import of it has failed."""
    files = [file for file, _ in traceback.frames]
    for i, file in enumerate(files[:-1]):
        if _SPAWN.search(file) and _RUNPY.search(files[i + 1]):
            return next(
                (f"{f}:{n}" for f, n in traceback.frames[i + 1 :] if not ABSOLUTE.match(f)), None
            )
    return None


_SPAWN: Final = re.compile(r"multiprocessing.spawn\.py$")
_RUNPY: Final = re.compile(r"\brunpy(\.py)?>?$")

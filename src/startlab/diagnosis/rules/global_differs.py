"""Globals that children have with another value, or not at all.

## What it sees
A global or an environment variable is not in a child what it was in its parent at the start, and
the child raises where it uses it, or the output shows it.

## Why
A child started by spawn or forkserver imports the program's modules again: it has what that
creates, and nothing that the parent changed afterwards. Children of the fork server have the
environment that it was started with.

## What to do
Give it to the children: as an argument, or through a pool's `initializer`.

## Bad
```python
RATE = 1

def work(item):
    print(item * RATE)

if __name__ == "__main__":
    RATE = 3
    multiprocessing.Process(target=work, args=(2,)).start()
```

## Good
```python
def work(item, rate):
    print(item * rate)

if __name__ == "__main__":
    multiprocessing.Process(target=work, args=(2, 3)).start()
```
"""

from __future__ import annotations

import re
from typing import Final

from startlab.diagnosis.case import Case, Cause, is_so_without
from startlab.diagnosis.globals import differing_global, value_in
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import ABSOLUTE, own_line
from startlab.model import ChangedGlobal, LostVariable, Replaced
from startlab.output.tracebacks import first_line

MECHANISMS: Final = (
    Mechanism(
        "global_differs",
        imported=True,
        advice="Give it to the children: as an argument of Process, or through `initializer=` and "
        "`initargs=` of a pool.",
        experiment="changed_global",
    ),
    Mechanism(
        "environment_differs",
        imported=True,
        advice="Set it before the first process is started, or in the child.",
        experiment="frozen_environment",
    ),
)


def in_output(case: Case) -> Cause | None:
    """See a global or an environment variable that differs in the lines."""
    clues = case.telling(ChangedGlobal, LostVariable)
    changed = [
        clue for clue in clues if isinstance(clue, ChangedGlobal) if not _is_patch(case, clue)
    ]
    text = " ".join([*case.lines.only_first, *case.lines.only_second])
    shown = [e for e in changed if value_in(e.parent, text) or value_in(e.child or "", text)]
    lost = [clue for clue in clues if isinstance(clue, LostVariable)]
    used: list[ChangedGlobal | LostVariable] = [*shown] if shown else [*changed, *lost]
    return differing_global(case, used, None) if used else None


def find(case: Case) -> Cause | None:
    """See that a child raises, and a global that it uses is not what it is in the parent."""
    if is_so_without(case, ChangedGlobal):
        return None
    differing: list[ChangedGlobal | LostVariable] = [
        *(clue for clue in case.clues(ChangedGlobal) if not _is_patch(case, clue)),
        *case.clues(LostVariable),
    ]
    for traceback in case.of_children:
        where = own_line(traceback.frames)
        text = f"{case.sources.code(where)} {traceback.exception.message}"
        # Also what the child has called where the parent has put something else in its place.
        ran = {case.sources.file(file).function_name(line) for file, line in traceback.frames}
        used = [
            clue
            for clue in differing
            if (own := clue.name.split(".")[-1]) in ran or re.search(rf"\b{re.escape(own)}\b", text)
        ]
        for file, line in reversed(traceback.frames):  # what the functions ask that lead there
            if not used and not ABSOLUTE.match(file):
                asked = case.sources.file(file).used_from(line)
                used = [clue for clue in differing if clue.name.split(".")[-1] in asked]
        if not used and traceback.exception.type in _OF_MISSING_STATE:
            used = differing[:1]
        if used:
            again = f" A child raises {traceback.said}, at {where}."
            if case.trial.grade == "respawning":
                again += " The pool replaces it by another one, forever."
            return differing_global(case, used, where, again)
        if traceback.exception.type == "NameError" and where is not None:
            return _not_defined(case, first_line(traceback.exception.message), where)
    return None


def _is_patch(case: Case, clue: ChangedGlobal) -> bool:
    """Tell whether a test has patched it: patched_in_parent knows whether that is the cause."""
    return any(patch.is_of(clue.name) for patch in case.clues(Replaced))


def _not_defined(case: Case, said: str, where: str) -> Cause:
    """Tell the line that defines in the parent what a child misses at a line, if it is known."""
    file = where.rpartition(":")[0]
    name = re.search(r"name '(\w+)'", said)
    line = case.sources.file(file).defined(name[1]) if name else None
    defined = f"{file}:{line}" if line else None
    return Cause(
        "global_differs",
        f"{said} in the child, at {where}" + (f": {defined} defines it" if defined else ""),
        "A child started by spawn or forkserver has only what the import of its modules makes; "
        'what is made below `if __name__ == "__main__":` or in a function is not there.',
        defined or where,
    )


_OF_MISSING_STATE: Final = (
    "NameError", "KeyError", "AttributeError", "TypeError", "IndexError", "ValueError",
)  # fmt: skip

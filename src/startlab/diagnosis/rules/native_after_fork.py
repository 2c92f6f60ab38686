"""A native library that dies in a forked child.

## What it sees
A forked child dies by a signal such as SIGSEGV, and a spawned one does not.

## Why
A library's handle, context or thread pool that was made before a fork does not work in the child,
which has a copy of the memory and nothing else.

## What to do
Make it in the child, or use spawn.

## Bad
```python
DEVICE = library.open()
multiprocessing.Process(target=DEVICE.run).start()
```

## Good
```python
def work():
    library.open().run()

multiprocessing.Process(target=work).start()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import (
    Case,
    Cause,
    died_at,
    last_words,
)
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_lines
from startlab.model import ChangedGlobal
from startlab.output import signals

MECHANISMS: Final = (
    Mechanism(
        "native_after_fork",
        advice="Make it in the child (or when it is first used, per os.getpid()); under "
        "forkserver, multiprocessing.set_forkserver_preload([]) keeps the main module out of it.",
        experiment="native_pool_after_fork",
    ),
)


_OWN_ID: Final = "this process's id"
"""As the injection writes a number that is its process's."""


def find(case: Case) -> Cause | None:
    """See that a forked child dies by what its parent made before the fork."""
    names = [signals.name_of(code) for _, code, _ in case.died]
    names = [name for name in names if name in signals.CRASHES]
    if not names or not case.inherited_main:
        return None
    if any(_dies_there(Case(each, case.sources), died_at(case)) for each in case.others):
        return None
    stack = own_lines(case.trial.crash_stacks[-1]) if case.trial.crash_stacks else []
    where = died_at(case)
    way = f", called from {stack[1]}" if len(stack) > 1 else ""
    owned = [clue for clue in case.clues(ChangedGlobal) if _OWN_ID in clue.parent]
    made = f" The main module's `{owned[0].name}` was made by another process." if owned else ""
    said = last_words(case.trial.stderr)
    server = ""
    if "forkserver" in case.trial.method_used:
        server = (
            " Here the fork server has imported the main module (from Python 3.13.8 and 3.14.1 "
            "on), and its children are forks of that."
        )
    return Cause(
        "native_after_fork",
        f"a forked child dies by {names[0]} at {where}{way}: it uses what was made before the fork",
        "A library's handle, context or thread pool that was made before a fork does not work in "
        f"the child, which has a copy of the memory and nothing else.{made}{server}"
        + (f" Before it died it said: {said}" if said else ""),
        where,
    )


def _dies_there(case: Case, where: str | None) -> bool:
    """Tell whether a child dies at the same line where it is no fork of the program."""
    trial = case.trial
    return trial.outcome == "crash" and trial.method_used == ("spawn",) and died_at(case) == where

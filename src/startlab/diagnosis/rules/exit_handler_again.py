"""Exit handlers that run in other processes too.

## What it sees
A child, or the fork server, imported the main module and registered an exit handler by that, and
the output differs or something is missing.

## Why
Whoever imports the main module registers its exit handlers again, and runs them at its own end: a
child started by spawn, and the fork server from Python 3.13.8 and 3.14.1 on. The first that does
may clear away what the program still needs. A child of os.fork() has its parent's handlers from the
start; a forked child of multiprocessing does not run them.

## What to do
Register it below `if __name__ == "__main__":`. End a child of os.fork() by os._exit().

## Bad
```python
FOLDER = make_folder()
atexit.register(shutil.rmtree, FOLDER)
```

## Good
```python
if __name__ == "__main__":
    folder = make_folder()
    atexit.register(shutil.rmtree, folder)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import OF_WHAT_IS_GONE, Case, Cause
from startlab.diagnosis.phrases import PRELOADED
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import is_own, own_line
from startlab.model import ExitHandler

MECHANISMS: Final = (
    Mechanism(
        "exit_handler_again",
        advice='Register it below `if __name__ == "__main__":`.',
        experiment="end_of_a_child",
    ),
    Mechanism(
        "exit_handler_inherited",
        advice="End the child by os._exit(), after sys.stdout.flush(), in a `finally` too; or have "
        "the handler do nothing in a process whose os.getpid() is another one.",
        experiment="end_of_a_child",
    ),
)


def in_output(case: Case) -> Cause | None:
    """See that the main module's exit handlers run in other processes too."""
    return _again(case, ".") if case.telling(ExitHandler) else None


def find(case: Case) -> Cause | None:
    """See that a child has run main's exit handlers, and cleared away what is the parent's."""
    gone = [each for each in case.tracebacks if OF_WHAT_IS_GONE.search(each.exception.type)]
    if not gone:
        return None
    first = next((each for each in gone if not each.child), gone[0])
    came = ": the first one to end removes what the program still needs."
    return _again(case, f"{came} At {own_line(first.frames)} it is missed: {first.said}.")


def _again(case: Case, came: str) -> Cause | None:
    clue = next((each for each in case.clues(ExitHandler) if is_own(each.where)), None)
    if clue is None:
        return None
    who, why = "a child", "Each child that imports the main module"
    if case.inherited_main:
        who, why = "the fork server", PRELOADED
    title = f"{clue.handler}, registered at {clue.where} by the main module, also runs when {who}"
    return Cause(
        "exit_handler_again",
        f"{title} ends",
        f"{why}: it registers the exit handlers again, and runs them when it ends{came}",
        clue.where,
    )

"""Exit handlers that run in children too.

## What it sees
A child that imported the main module registered an exit handler by that, and the output differs or
something is missing.

## Why
Each child that imports the main module registers its exit handlers again, and runs them when it
ends. The first that does may clear away what the program still needs. A child of os.fork() has its
parent's handlers from the start; a forked child of multiprocessing does not run them.

## What to do
Register it below `if __name__ == "__main__":`, or let it do nothing in other processes. End a child
of os.fork() by os._exit().

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
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import is_own, own_line
from startlab.model import ExitHandler

MECHANISMS: Final = (
    Mechanism(
        "exit_handler_again",
        advice='Register it below `if __name__ == "__main__":`, or have it do nothing in a process '
        "whose os.getpid() is not that of the one that made what it removes.",
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
    """See that the main module's exit handlers run in children too."""
    clues = [each for each in case.telling(ExitHandler) if is_own(each.where)]
    if not clues:
        return None
    clue = clues[0]
    return Cause(
        "exit_handler_again",
        f"{clue.function}, registered at {clue.where} by the main module, also runs when a child "
        "ends",
        "Each child that imports the main module registers its exit handlers again, and runs them "
        "when it ends.",
        clue.where,
    )


def find(case: Case) -> Cause | None:
    """See that a child has run main's exit handlers, and cleared away what is the parent's."""
    clues = [each for each in case.clues(ExitHandler) if is_own(each.where)]
    gone = [each for each in case.tracebacks if OF_WHAT_IS_GONE.search(each.exception.type)]
    if not clues or not gone:
        return None
    clue = clues[0]
    first = next((each for each in gone if not each.child), gone[0])
    missed = own_line(first.frames)
    return Cause(
        "exit_handler_again",
        f"{clue.function}, registered at {clue.where} by the main module, also runs when a child "
        "ends",
        "Each child that imports the main module registers its exit handlers again, and runs them "
        f"when it ends: the first one to end removes what the program still needs. At {missed} "
        f"it is missed: {first.said}.",
        clue.where,
    )

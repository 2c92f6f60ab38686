"""What is to be shared, but is made again by each child.

## What it sees
A module makes a lock, queue, event or value at its top level, and each child that imports it has
made its own. The output differs, or parent and child wait for each other.

## Why
A child started by spawn or forkserver imports the main module, and with a task the modules that it
needs. What is made there to be shared is made again: what one process does to its own, the others
never see.

## What to do
Make it below `if __name__ == "__main__":`, and give it to the children as an argument.

## Bad
```python
QUEUE = multiprocessing.Queue()

def work():
    QUEUE.put(1)
```

## Good
```python
def work(queue):
    queue.put(1)

if __name__ == "__main__":
    queue = multiprocessing.Queue()
    multiprocessing.Process(target=work, args=(queue,)).start()
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import listed
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import is_waiting, library_frames, line_of, own_frame
from startlab.model import MadeAgain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Frame


MECHANISMS: Final = (
    Mechanism(
        "shared_made_again",
        imported=True,
        advice='Make it below `if __name__ == "__main__":` or in a function, and give it to the '
        "children as an argument (for a pool: `initializer=` and `initargs=`).",
        experiment="changed_global",
    ),
)


def in_output(case: Case) -> Cause | None:
    """See that every child makes its own of what the main module makes to be shared."""
    return _made(case, [each for each in case.telling(MadeAgain) if _is_of_main(case, each)])


def suspect(case: Case) -> Cause | None:
    """See the same of other modules: theirs is often a lock that need not be shared."""
    return _made(case, case.telling(MadeAgain))


def _made(case: Case, clues: Sequence[MadeAgain]) -> Cause | None:
    if not clues:
        return None
    own = listed([f"`{each.type}()` at {each.where}" for each in clues[:4]])
    return _cause(case, clues[0], f"every child makes its own {own}")


def find(case: Case) -> Cause | None:
    """See parent and child wait for each other on two objects that should be one."""
    clues = case.clues(MadeAgain)
    waiting = [
        (process, thread)
        for process, thread in case.threads()
        if is_waiting(thread, "shared lock", "pipe read", "socket read")
        and own_frame(thread) is not None
    ]
    if not clues or not waiting:
        return _polled(case, clues)
    process, thread = min(waiting, key=lambda each: each[0] != case.root)
    library = library_frames(thread)
    clue = next((each for each in clues if _is_about(each, library)), clues[0])
    others = [f"`{each.type}()` of {each.where}" for each in clues if each is not clue]
    return _cause(
        case,
        clue,
        f"{case.who(process)} waits at {line_of(thread)} for the `{clue.type}()` made at "
        f"{clue.where}, of which every child has its own",
        f" The same holds for {' and '.join(others)}." if others else "",
    )


def _polled(case: Case, clues: Sequence[MadeAgain]) -> Cause | None:
    """See a child look again and again at an object of its own, in a loop of its own."""
    for process, thread in case.threads():
        frame = own_frame(thread)
        if process == case.root or frame is None:
            continue
        source = case.sources.file(frame.file)
        for clue in clues:
            made = case.sources.code(clue.where).partition("=")[0].partition(":")[0].strip()
            line = source.mentions(rf"^\s+.*\b{re.escape(made)}\b", source.function_of(frame.line))
            if made and line and source.function_of(line) == source.function_of(frame.line):
                title = (
                    f"a child looks at {frame.file}:{line} again and again at its own "
                    f"`{clue.type}()`, made at {clue.where}"
                )
                return _cause(case, clue, title)
    return None


def _cause(case: Case, clue: MadeAgain, title: str, more: str = "") -> Cause:
    """Lead with the line that makes it: that is where it can be fixed."""
    what = "the main module" if _is_of_main(case, clue) else f"{_file(clue)} again"
    return Cause(
        "shared_made_again",
        title,
        f"A child started by spawn or forkserver imports {what}, and what is made there to be "
        f"shared is made again: what one process does to its `{clue.type}()`, the others never "
        f"see.{more}",
        clue.where,
        key=clue.where or "",
    )


def _is_of_main(case: Case, clue: MadeAgain) -> bool:
    return _file(clue) == case.sources.main


def _file(clue: MadeAgain) -> str:
    return (clue.where or "").rpartition(":")[0]


def _is_about(clue: MadeAgain, library: Sequence[Frame]) -> bool:
    """Tell whether a stack goes through what a clue's object has: `Event.wait`, `queues.py`."""
    text = " ".join(f"{each.file.rpartition('/')[2]} {each.function}" for each in library)
    if clue.type in ("Queue", "JoinableQueue", "SimpleQueue", "Pool"):
        return "queues.py" in text or f"{clue.type}." in text
    if clue.type in ("Event", "Condition", "Barrier"):
        return "wait" in text
    return "queues.py" not in text and "wait" not in text

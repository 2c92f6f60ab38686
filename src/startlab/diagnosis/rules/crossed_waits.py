"""Two processes that each wait for the other.

## What it sees
A thread waits for an event, a semaphore or an item of a queue, and the line that would set, release
or put it comes after the line that another one waits at, and the other way round.

## Why
Each waits first: neither comes to what would end the wait of the other.

## What to do
Have one of the two do its part before it waits.

## Bad
```python
def child(asked, answered):
    asked.acquire()
    answered.release()

answered.acquire()
asked.release()
```

## Good
```python
def child(asked, answered):
    asked.acquire()
    answered.release()

asked.release()
answered.acquire()
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import is_at, library_frames, line_of, own_frames

if TYPE_CHECKING:
    from startlab.model import Process, Thread

MECHANISMS: Final = (
    Mechanism(
        "crossed_waits",
        shown=True,
        advice="Let one of the two do what the other waits for before it waits itself.",
    ),
)

_ENDED_BY: Final = {
    "acquire": "release",
    "wait": "set|notify|notify_all",
    "wait_for": "notify|notify_all",
    "get": "put|put_nowait",
}
"""Of a call that waits, the calls that end that."""


def find(case: Case) -> Cause | None:
    """See two of which each would do later what the other one waits for now."""
    waiting = [(p, t) for p, t in case.threads() if own_frames(t)]
    for number, (process, thread) in enumerate(waiting):
        for other_process, other in waiting[number + 1 :]:
            where, its = line_of(thread) or "", line_of(other) or ""
            first = _end(case, process, thread, other_process, other)
            second = _end(case, other_process, other, process, thread)
            if first is None or second is None:
                continue
            one, two = case.whose(process, thread), case.whose(other_process, other)
            if one == two:
                one, two = "one", "the other"
            return Cause(
                "crossed_waits",
                f"{one} waits at {where} and {two} at {its}, each for what the other does only "
                f"after its own wait",
                f"What would end the wait at {where} is {first}, after {its}; what would end the "
                f"wait at {its} is {second}, after {where}.",
                where,
                key=" ".join(sorted((where, its))),
            )
    return None


def _end(
    case: Case, process: Process, thread: Thread, other_process: Process, other: Thread
) -> str | None:
    """Tell what would end a thread's wait, if another one would do that after its own wait."""
    later = _later(case, thread, other)
    if later is not None:
        return f"`{case.sources.code(later)}` at {later}"
    library = library_frames(thread)
    if any(is_at(each, "threading.py", "join") for each in library):
        is_other = process == other_process and other.tid != process.pid
        return "the end of that thread" if is_other else None
    if any(is_at(each, "process.py", "join") for each in library):
        return "the end of that child" if other_process.ppid == process.pid else None
    return None


def _later(case: Case, thread: Thread, other: Thread) -> str | None:
    """Find the line, after the one that another thread is at, that would end a thread's wait."""
    frame = own_frames(thread)[0]
    for name, called in case.sources.file(frame.file).calls_at(frame.line):
        ends = _ENDED_BY.get(called)
        if ends is None:
            continue
        own = re.escape(name.rpartition(".")[2])
        for at in own_frames(other):
            source = case.sources.file(at.file)
            line = source.mentions(rf"\b{own}\.({ends})\(", at.line + 1)
            if line is not None and source.function_of(line) == source.function_of(at.line):
                return f"{at.file}:{line}"
    return None

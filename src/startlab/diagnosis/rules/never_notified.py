"""A condition that is never notified.

## What it sees
A thread waits for an `Event` or a `Condition`, and no thread is left to set or notify it.

## Why
A `Condition` wakes those who wait at that moment, and not those who come later. One of threading is
of one process alone.

## What to do
Use an `Event` for what is to stay, and look before waiting.

## Bad
```python
with condition:
    condition.notify_all()
child.start()
with condition:
    condition.wait()
```

## Good
```python
with condition:
    condition.wait_for(lambda: ready.value, timeout=10)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import own_files
from startlab.diagnosis.stacks import (
    is_at,
    library_frames,
    line_of,
    own_frame,
    own_frames,
    through,
)

if TYPE_CHECKING:
    from startlab.model import Thread

MECHANISMS: Final = (
    Mechanism(
        "never_notified",
        advice="Use an Event for what is to stay, and look before waiting: "
        "`condition.wait_for(...)`; give wait() a timeout.",
    ),
)


def find(case: Case) -> Cause | None:
    """See one wait for an Event or a Condition that no thread is left to set or notify."""
    waiting = [
        (process, thread)
        for process, thread in case.threads()
        if any(is_at(each, file, "wait") for each in library_frames(thread) for file in _WAITS)
        and own_frame(thread) is not None
        and not through(thread, "queues.py", "pool.py", "process.py", "futures")
        and not _is_to_come(case, thread)
    ]
    if not waiting:
        return None
    process, thread = min(waiting, key=lambda each: each[0] == case.root)
    where = line_of(thread)
    shared = through(thread, "synchronize.py")
    calls = ", ".join(
        f"{file}:{line}"
        for file in own_files(case.sources)
        for line in [case.sources.file(file).mentions(_CALLS)]
        if line
    )
    return Cause(
        "never_notified",
        where or "",
        f"{case.who(process)} waits at {where} for an Event or a Condition "
        + ("that nothing sets or notifies any more" if calls else "that nothing sets or notifies"),
        (f"What would do it is at {calls}. " if calls else "")
        + (
            "A Condition wakes those who wait at that moment, and not those who come later."
            if shared
            else "One of threading is of one process alone: another process has a copy at most."
        ),
        where,
    )


def _is_to_come(case: Case, thread: Thread) -> bool:
    """Tell whether another thread would set or notify something once its own wait is over."""
    for _, other in case.threads():
        for frame in own_frames(other) if other is not thread else ():
            source = case.sources.file(frame.file)
            call = source.mentions(_CALLS, frame.line + 1)
            if call and source.function_of(call) == source.function_of(frame.line):
                return True
    return False


_WAITS: Final = ("threading.py", "synchronize.py")
_CALLS: Final = r"\.(notify|notify_all|set)\("

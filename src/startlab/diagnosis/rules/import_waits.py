"""An import that waits for a thread which imports the same module.

## What it sees
A thread waits for the lock of a module's import, and another thread of the process waits at a line
that runs while that module is imported.

## Why
A module is imported by one thread at a time: others that import it wait until its code has run to
the end. If that code waits for such a thread, neither goes on.

## What to do
Start threads and processes in a function that is called after the import, or import in the thread
nothing of the module that is being imported.

## Bad
```python
# settings.py
thread = threading.Thread(target=load)  # load() has: from settings import DEFAULTS
thread.start()
thread.join()
```

## Good
```python
# settings.py
def start():
    thread = threading.Thread(target=load)
    thread.start()
    thread.join()
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import is_at, is_in, is_own, is_waiting, line_of, own_frame

if TYPE_CHECKING:
    from startlab.model import Frame, Thread

MECHANISMS: Final = (
    Mechanism(
        "import_waits",
        shown=True,
        advice="Start the thread in a function that is called after the import, or let it import "
        "nothing of the module.",
    ),
)

_IMPORT: Final = "importlib._bootstrap>"


def find(case: Case) -> Cause | None:
    """See a thread wait for a module's import, in which another thread waits."""
    for process, thread in case.threads():
        if not is_in(thread, _IMPORT, "acquire") or not is_waiting(thread, "lock"):
            continue
        for other in process.threads:
            module = _imported(other) if other is not thread else None
            if module is None or own_frame(other) is None:
                continue
            where = line_of(other)
            return Cause(
                "import_waits",
                f"the import of {module.file} waits at {where} for a thread that imports it too, "
                f"at {line_of(thread)}",
                "A module is imported by one thread at a time: others wait until its code has run "
                "to the end.",
                where,
            )
    return None


def _imported(thread: Thread) -> Frame | None:
    """Give the module's frame of the innermost import that a thread is in."""
    for inner, outer in zip(thread.stack, thread.stack[1:], strict=False):
        if is_at(outer, _IMPORT, "_call_with_frames_removed") and is_own(inner.file):
            return inner
    return None

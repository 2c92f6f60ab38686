"""What a child is given is gone before the child has opened it.

## What it sees
A child does not find, as it starts, a lock or the like that it is given. Or it does not find the
manager of what it uses.

## Why
A child started by spawn or forkserver opens a lock, or a queue's, by its name while it starts. Its
starter removes the name when nothing there refers to the lock any longer, or as the program ends:
that is before it waits for children that were not joined. A manager's process ends so too, whatever
the start method.

## What to do
Join the children before the function that made what they are given returns, and before the program
ends.

## Bad
```python
def main():
    lock = multiprocessing.Lock()
    multiprocessing.Process(target=work, args=(lock,)).start()
```

## Good
```python
def main():
    lock = multiprocessing.Lock()
    child = multiprocessing.Process(target=work, args=(lock,))
    child.start()
    child.join()
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause, started_at
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line

if TYPE_CHECKING:
    from startlab.output.tracebacks import Traceback

MECHANISMS: Final = (
    Mechanism(
        "removed_before_start",
        shown=True,
        imported=True,
        advice="Keep it, and join() the child, before the function that made it returns and before "
        "the program ends.",
    ),
    Mechanism(
        "manager_ended",
        shown=True,
        advice="join() the children before the manager's `with` block ends, and before the "
        "function that holds the manager returns.",
    ),
)

_NAMED: Final = {
    "synchronize.py": (
        "a lock",
        (
            "when nothing there refers to the object any longer: when the function that made it "
            "has returned, or when the program ends, before it waits for its children"
        ),
    ),
    "shared_memory.py": (
        "a block of shared memory",
        "in unlink(), even if a child has yet to open it",
    ),
}
"""What is opened by its name, and when that is removed, by the file that opens it."""

_BY_PROXY: Final = re.compile(r"\bself\._token\b|\bconn\.(send|recv)\(|^$")
"""Code of managers.py that asks a manager for what it keeps; none of what begins or finds one."""

_GONE: Final = re.compile(r"^(FileNotFound|ConnectionRefused|ConnectionReset|BrokenPipe|EOF)Error$")


def find(case: Case) -> Cause | None:
    """See a child that has not found what it was given, or its manager."""
    for traceback in case.tracebacks:
        cause = (_removed(case, traceback) or _ended(case, traceback)) if traceback.child else None
        if cause is not None:
            return cause
    return None


def _removed(case: Case, traceback: Traceback) -> Cause | None:
    files = [file.rpartition("/")[2] for file, _ in traceback.frames]
    named = _NAMED.get(files[-1]) if files and "spawn.py" in files else None
    if named is None or traceback.exception.type != "FileNotFoundError":
        return None
    what, when = named
    failed = (each.where for each in case.trial.starts if each.exit_code)
    where = next(filter(None, failed), None) or started_at(case)
    return Cause(
        "removed_before_start",
        where or "",
        f"the child started at {where} cannot open {what} that it is given: its starter has "
        "removed it by then",
        "A child started by spawn or forkserver opens it by its name while it starts. The starter "
        f"removes the name {when}.",
        where,
    )


def _ended(case: Case, traceback: Traceback) -> Cause | None:
    asked = any(
        file.endswith("multiprocessing/managers.py") and _BY_PROXY.search(code)
        for (file, _), code in zip(traceback.frames, traceback.code, strict=False)
    )
    if not asked or not _GONE.match(traceback.exception.type):
        return None
    where = own_line(traceback.frames) or started_at(case)
    return Cause(
        "manager_ended",
        where or "",
        f"the manager has ended before a child uses at {where} what it keeps",
        "A manager is a process, which ends with its `with` block, when nothing refers to the "
        "manager any longer, and when the program ends, before it waits for its children.",
        where,
    )

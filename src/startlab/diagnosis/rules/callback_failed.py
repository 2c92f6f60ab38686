"""A pool's callback that raised.

## What it sees
A pool's thread has ended by an exception in a line of the program's. Or, on weaker evidence, all
workers wait for tasks, a callback is there, and the program still waits for a result.

## Why
A pool runs all callbacks in the one thread that reads its results. What a callback raises ends that
thread, and no result comes any more. A `KeyError` is dropped there silently.

## What to do
Make sure that a callback cannot raise, or collect the results in the main thread.

## Bad
```python
pool.apply_async(work, (name,), callback=lambda value: totals[name].append(value))
```

## Good
```python
result = pool.apply_async(work, (name,))
totals.setdefault(name, []).append(result.get())
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause, waits_for_pool
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line

if TYPE_CHECKING:
    from startlab.model import Thread


MECHANISMS: Final = (
    Mechanism(
        "callback_failed",
        advice="Make sure that a callback cannot raise; or collect the results in the main thread: "
        "`result.get()`, `imap_unordered()`.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a callback has ended the thread of a pool that reads the results."""
    waiting = waits_for_pool(case)
    if waiting is None:
        return None
    for traceback in case.tracebacks:
        of_pool = any(file.endswith("pool.py") for file, _ in traceback.frames)
        where = own_line(traceback.frames)
        if traceback.passing and of_pool and where:
            return Cause(
                "callback_failed",
                f"the callback of a pool's task raises {traceback.said} at {where}, and {waiting} "
                "waits for results",
                f"{_ONE_THREAD} What it raises ends that thread, and no further result arrives.",
                where,
            )
    return None


_ONE_THREAD: Final = "A pool runs all callbacks in the one thread that reads its results."


def suspect(case: Case) -> Cause | None:
    """Suspect a callback where all workers wait for tasks: a pool passes over its KeyError."""
    waiting = waits_for_pool(case)
    if waiting is None or case.died or case.tracebacks:
        return None
    workers = [thread for process, thread in case.threads() if process != case.root]
    idle = [t for t in workers if t.stack and _takes_a_task(t)]
    source = case.sources.file(case.sources.main)
    line = source.mentions(r"\bcallback\s*=\s*\w")
    if not workers or idle != workers or line is None:
        return None
    match = re.search(r"\bcallback\s*=\s*([\w.]+)", source.line(line))
    name = match[1].rpartition(".")[2] if match else ""
    defined = source.mentions(rf"\bdef {re.escape(name)}\b")
    where = f"{case.sources.main}:{defined or line}"
    return Cause(
        "callback_failed",
        f"all tasks of the pool are done, and {waiting} still waits for a result: its callback at "
        f"{where} must have raised a KeyError",
        f"{_ONE_THREAD} It drops a KeyError there silently, and the result that the callback "
        "was called for never arrives.",
        where,
    )


def _takes_a_task(thread: Thread) -> bool:
    """Tell whether a worker of a pool waits for a task."""
    names = [each.file.rpartition("/")[2] for each in thread.stack]
    inside = names[: names.index("pool.py")] if "pool.py" in names else ["?"]
    return set(inside) <= {"queues.py", "connection.py", "synchronize.py"}

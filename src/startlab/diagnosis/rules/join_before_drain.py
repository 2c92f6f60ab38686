"""Joining a child before its queue is read.

## What it sees
A process waits for the end of a child, and the child waits for a full pipe to be read.

## Why
A child cannot end before all that it has put into a queue has gone into the pipe, which is full
(64 KiB on Linux). The parent would read it only after the child's end.

## What to do
Read all that comes out of the queue before `join()`, or read in a thread.

## Bad
```python
child.start()
child.join()
print(queue.get())
```

## Good
```python
child.start()
print(queue.get())
child.join()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import is_waiting, line_of, through

MECHANISMS: Final = (
    Mechanism(
        "join_before_drain",
        advice="Read all that comes out of the queue before join(), or read in a thread.",
        experiment="join_before_drain",
    ),
)


def find(case: Case) -> Cause | None:
    """See one wait for the end of another, which waits for the first to read what it writes."""
    writers = [(p, t) for p, t in case.threads() if is_waiting(t, "pipe write", "socket write")]
    joins = [
        (p, t)
        for p, t in case.threads()
        if any(f.function.rpartition(".")[2] in ("join", "wait", "shutdown") for f in t.stack)
        and not any(p.pid == writer.pid for writer, _ in writers)
        and through(t, "process.py", "popen_fork.py", "popen_forkserver.py", "popen_spawn")
    ]
    if not writers or not joins:
        return None
    joiner, thread = joins[0]
    where = line_of(thread)
    feeder = any(through(t, "queues.py") or "Feeder" in t.name for _, t in writers) or any(
        through(t, "queues.py") for p, t in case.threads() if p.pid == writers[0][0].pid
    )
    what = "queue" if feeder else "pipe"
    return Cause(
        "join_before_drain",
        f"{case.who(joiner)} waits at {where} for the end of a child that waits for its {what} to "
        "be read",
        f"The child cannot end before all that it has put into the {what} has gone into the pipe, "
        "and the pipe is full (64 KiB on Linux). The parent would read it only after the child's "
        "end.",
        where,
    )

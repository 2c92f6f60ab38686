"""A pipe's end that another process inherited.

## What it sees
A process reads from a pipe that no process will write to, and the other end is still open in
itself, in other children, or in a parent that waits for the reader's end.

## Why
A reader sees the end of a pipe only when every copy of its other end is closed. A forked child has
a copy of every end that its parent had.

## What to do
Close in each process the ends that it does not use.

## Bad
```python
def work(reader):
    for item in iter(reader.recv, None):
        ...
```

## Good
```python
def work(reader, writer):
    writer.close()
    for item in iter(reader.recv, None):
        ...
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import is_waiting, line_of, through, waits_for_child

if TYPE_CHECKING:
    from startlab.model import Thread

MECHANISMS: Final = (
    Mechanism(
        "pipe_end_inherited",
        copied=True,
        advice="Close in each process the ends that it does not use: the child the parent's, the "
        "parent the child's, right after the start.",
        experiment="inherited_write_end",
    ),
    Mechanism(
        "pipe_end_left_open",
        advice="Close that end before join(), or send an end mark (None) first.",
    ),
)


_OF_A_FORK: Final = " A forked child has a copy of every end that its parent had."


def find(case: Case) -> Cause | None:
    """See a reader wait for the end of a pipe whose other end is open somewhere, maybe in it."""
    for process, thread in case.threads():
        if not is_waiting(thread, "pipe read", "socket read") and not _polls_a_pipe(thread):
            continue
        if through(thread, "queues.py", "pool.py", "managers.py", "popen_"):
            continue
        where = line_of(thread)
        holders = set(thread.waits_for)
        itself = process.pid in holders
        siblings = len(holders - {process.pid}) > (0 if itself else 1)
        what = "socket" if is_waiting(thread, "socket read") else "pipe"
        who = case.who(process)
        if where is None:
            continue
        if not itself and not siblings:
            joined = next(
                (
                    line_of(t)
                    for p, t in case.threads()
                    if {p.pid} == holders and waits_for_child(t)
                ),
                None,
            )
            if joined is None:
                continue
            return Cause(
                "pipe_end_left_open",
                f"{who} reads at {where} from a {what} whose other end is open in the process that "
                f"waits for the reader at {joined}",
                f"A reader sees the end of a {what} only when its other end is closed everywhere.",
                where,
            )
        keeps = "it keeps" if itself else "other children keep"
        return Cause(
            "pipe_end_inherited",
            f"{who} reads at {where} from a {what} that no process will write to, and whose other "
            f"end {keeps} open",
            f"A reader sees the end of a {what} only when every copy of its other end is closed."
            f"{_OF_A_FORK if process != case.root or siblings else ''}",
            where,
        )
    return None


def _polls_a_pipe(thread: Thread) -> bool:
    wait = thread.wait
    return wait is not None and [each.kind for each in wait.polled] == ["pipe"]

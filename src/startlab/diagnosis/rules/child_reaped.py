"""A child whose end another call has taken.

## What it sees
The program asks for the end of a child that has ended, which multiprocessing has not heard of, and
a line of the program waits for any child, as handlers of SIGCHLD do.

## Why
The system tells the end of a child once, to the first call that waits for it, and
`os.waitpid(-1, ...)` takes the end of any. multiprocessing holds its process for alive from then
on.

## What to do
Wait only for the processes that you have started yourself, by their pids or with `Popen.poll()`.

## Bad
```python
def reap(number, frame):
    os.waitpid(-1, os.WNOHANG)
signal.signal(signal.SIGCHLD, reap)
```

## Good
```python
def reap(number, frame):
    for tool in tools:
        tool.poll()
signal.signal(signal.SIGCHLD, reap)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import written
from startlab.diagnosis.stacks import line_of, through

if TYPE_CHECKING:
    from startlab.model import Thread

MECHANISMS: Final = (
    Mechanism(
        "child_reaped",
        advice="Wait only for the processes that you have started yourself, by their pids or with "
        "Popen.poll(), and leave multiprocessing's own to multiprocessing.",
    ),
)

_ANY: Final = r"\bos\.(waitpid\(\s*-1\b|wait\(|wait3\(|waitid\(\s*os\.P_ALL\b)"


def find(case: Case) -> Cause | None:
    """See the program ask for a child's end that it has taken from multiprocessing itself."""
    unheard = [
        start
        for start in case.trial.starts
        if case.root is not None and start.pid == case.root.pid
        if start.child not in {None, *case.processes} and start.exit_code is None
    ]
    taken = written(case.sources, _ANY)
    asks = [t for p, t in case.threads() if p == case.root and (_goes_round(t) or _joins(t))]
    if not unheard or not taken or not asks:
        return None
    where = line_of(asks[0])
    return Cause(
        "child_reaped",
        taken,
        f"the program asks at {where} for the end of a child that has ended: "
        f"`{case.sources.code(taken)}` at {taken} has taken it",
        "The system reports the end of a child once, to the first call that waits for it. "
        "multiprocessing never learns of it, and takes its process to be alive.",
        taken,
    )


def _goes_round(thread: Thread) -> bool:
    return thread.wait is not None and thread.wait.rounds


def _joins(thread: Thread) -> bool:
    return through(thread, "process.py", "popen_fork.py")

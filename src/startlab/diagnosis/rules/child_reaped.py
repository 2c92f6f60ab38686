"""A child whose end another call has taken.

## What it sees
The program asks for the end of a child that has ended, which multiprocessing has not heard of, and
a line of the program waits for any child, as handlers of SIGCHLD do. Or such a line waits, and only
multiprocessing's own helpers are left.

## Why
The system tells the end of a child once, to the first call that waits for it, and
`os.waitpid(-1, ...)` takes the end of any. multiprocessing holds its process for alive from then
on. Under spawn and forkserver the resource tracker and the fork server are children of the program
too, which run until it ends.

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

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import written
from startlab.diagnosis.stacks import is_helper, line_of, through

if TYPE_CHECKING:
    from startlab.model import Thread

MECHANISMS: Final = (
    Mechanism(
        "child_reaped",
        shown=True,
        advice="Wait only for the processes that you have started yourself, by their pids or with "
        "Popen.poll(), and leave multiprocessing's own to multiprocessing.",
    ),
    Mechanism(
        "waits_for_helper",
        shown=True,
        advice="Wait only for the processes that you have started yourself: join() them, or wait "
        "by their pids.",
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
    asks = [t for p, t in case.threads() if p == case.root and _asks(t)]
    if not unheard or not taken or not asks:
        return None
    where = line_of(asks[0])
    return Cause(
        "child_reaped",
        f"the program asks at {where} for the end of a child that has ended: "
        f"`{case.sources.code(taken)}` at {taken} has taken it",
        "The system reports the end of a child once, to the first call that waits for it. "
        "multiprocessing never learns of it, and takes its process to be alive.",
        taken,
    )


def suspect(case: Case) -> Cause | None:
    """See the program wait for any child, and have none but multiprocessing's own helpers."""
    root = case.root
    left = [each for each in case.trial.processes if root and each.ppid == root.pid]
    helpers = [each for each in left if any(map(is_helper, each.threads))]
    for process, thread in case.threads():
        where = line_of(thread)
        if process != root or not helpers or helpers != left:
            continue
        if re.search(_ANY, case.sources.code(where)):
            return Cause(
                "waits_for_helper",
                f"`{case.sources.code(where)}` at {where} waits for any child: the ones that are "
                "left are multiprocessing's own helpers",
                "Beside the children that are asked for, spawn and forkserver start a resource "
                "tracker, and forkserver its server: these run until the program ends.",
                where,
            )
    return None


def _asks(thread: Thread) -> bool:
    """Tell whether a thread asks for a child's end again and again, or waits for it."""
    goes_round = thread.wait is not None and thread.wait.rounds
    return goes_round or through(thread, "process.py", "popen_fork.py")

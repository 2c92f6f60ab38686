"""A subprocess whose pipe is not read, or not closed.

## What it sees
The program waits for a subprocess, or reads one of its outputs, and the subprocess writes to a full
pipe that only the program could read; or the program reads what a subprocess says, which reads its
own input to the end, and the program has that open. Or the subprocess has ended, and a process
that it has left behind has its output open.

## Why
A pipe holds 64 KiB on Linux: who writes more waits for a reader. A reader sees the end of its input
when every copy of the other end is closed.

## What to do
`communicate()` writes, reads and closes all pipes of a subprocess at once.

## Bad
```python
process = subprocess.Popen(command, stdout=subprocess.PIPE)
process.wait()
print(process.stdout.read())
```

## Good
```python
process = subprocess.Popen(command, stdout=subprocess.PIPE)
print(process.communicate()[0])
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import all_written
from startlab.diagnosis.stacks import is_idle_loop, is_in, is_waiting, line_of

if TYPE_CHECKING:
    from startlab.model import Process, Thread

MECHANISMS: Final = (
    Mechanism(
        "output_not_read",
        shown=True,
        advice="Use communicate() of the Popen: it reads all outputs while it waits. Or use "
        "subprocess.run(..., capture_output=True).",
    ),
    Mechanism(
        "output_kept_open",
        shown=True,
        advice="Have that process started with its output elsewhere, as stdout=subprocess.DEVNULL, "
        "or capture the output in a file.",
    ),
    Mechanism(
        "input_not_closed",
        shown=True,
        advice="Close its stdin before reading its answer, or use communicate(), which does both.",
    ),
)


def find(case: Case) -> Cause | None:
    """See the program and a subprocess of it wait for each other at a pipe."""
    if kept := _kept_open(case):
        return kept
    started = {start.child for start in case.trial.starts}
    for child in case.trial.processes:
        parent = case.processes.get(child.ppid)
        if parent is None or child.pid in started or child.command == parent.command:
            continue  # a process of multiprocessing's, or a fork
        for thread in child.threads:
            if thread.waits_for != (parent.pid,):
                continue
            if cause := _at_a_pipe(case, parent, child, thread):
                return cause
    return None


def _kept_open(case: Case) -> Cause | None:
    """See a process read the output of a subprocess that has ended, and another one keep it."""
    for process, thread in case.threads():
        where = line_of(thread)
        keepers = [case.processes.get(pid) for pid in thread.waits_for]
        if (
            where is not None
            and is_in(thread, "subprocess.py", "communicate")
            and is_waiting(thread, "poll", "pipe read")
            and keepers
            and all(each is not None and each.ppid != process.pid for each in keepers)
            and process not in keepers
        ):
            return Cause(
                "output_kept_open",
                f"{case.who(process)} waits at {where} for the end of a subprocess's output, which "
                "another process keeps open",
                "The subprocess has ended. A process that it started has its output as well, and "
                "the pipe ends when that one closes it, or ends.",
                where,
            )
    return None


def _at_a_pipe(case: Case, parent: Process, child: Process, thread: Thread) -> Cause | None:
    """See the parent wait for a child that waits for it at a pipe."""
    who = case.who(parent)
    writes = is_waiting(thread, "pipe write", "socket write")
    for each in parent.threads:
        where = line_of(each)
        if where is None or child.pid not in each.waits_for:
            continue
        if writes and (is_waiting(each, "child") or is_in(each, "subprocess.py", "wait")):
            return _not_read(
                f"{who} waits at {where} for the end of a subprocess, which waits for its output",
                f"only {who} could read from that: it would do so only after the subprocess ends",
                where,
            )
        if writes and is_idle_loop(each):
            awaits = all_written(case.sources, r"\bawait [\w.]+\.wait\(\)")
            at = awaits[0] if len(awaits) == 1 else where
            return _not_read(
                f"the event loop of {who} is idle at {at}, and a subprocess waits for its output",
                "nothing that the loop runs reads it",
                at,
            )
        if writes and is_waiting(each, "pipe read"):
            return _not_read(
                f"{who} reads at {where} one output of a subprocess, which waits for its other "
                "output",
                f"{who} reads that only after the end of the first",
                where,
            )
        reads = is_waiting(thread, "pipe read", "socket read")
        if reads and is_waiting(each, "pipe read", "socket read", "poll"):
            return Cause(
                "input_not_closed",
                f"{who} reads at {where} what a subprocess says, and the subprocess waits for more "
                "input",
                f"The subprocess reads from a pipe that {who} has open: it sees the end of its "
                "input when that is closed, and answers then at the earliest.",
                where,
            )
    return None


def _not_read(title: str, why: str, where: str) -> Cause:
    return Cause(
        "output_not_read",
        f"{title} to be read",
        f"The subprocess has written more than its pipe holds (64 KiB on Linux), and {why}.",
        where,
    )

"""A signal that a child ignores because its parent did.

## What it sees
The program sends SIGTERM or SIGINT to a child, which is still there at the hang, or had to be ended
by SIGKILL, and a line of the program sets `SIG_IGN` for that signal. Or an experiment has shown
that the child blocks it.

## Why
A signal that a process ignores is ignored by its children too, under every start method: that
survives fork and exec (signal(7)). So do the signals that its thread blocks.

## What to do
Set `signal.SIG_DFL` at the beginning of the child, or ignore the signal after the start. A blocked
one is unblocked there, or blocked after the start.

## Bad
```python
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child.start()
child.terminate()
```

## Good
```python
child.start()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child.terminate()
```
"""

from __future__ import annotations

import signal
from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import written
from startlab.model import SignalSent

KILLED: Final = -9
"""The exit code of what SIGKILL has ended, a signal that Windows has no name for."""

MECHANISMS: Final = (
    Mechanism(
        "signal_ignored",
        advice="Set signal.SIG_DFL at the beginning of the child, or ignore the signal after the "
        "start.",
    ),
    Mechanism(
        "signal_blocked",
        advice="Block signals after the children are started, or unblock them at the beginning of "
        "the child: `signal.pthread_sigmask(signal.SIG_SETMASK, ())`.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a child was sent a signal that its parent, and so it too, ignores."""
    withstood = {start.child for start in case.trial.starts if start.exit_code == KILLED}
    withstood |= {process.pid for process in case.trial.processes if process != case.root}
    sent = {clue.number: clue.where for clue in case.clues(SignalSent) if clue.child in withstood}
    for number in (signal.SIGTERM, signal.SIGINT):
        ignored = rf"signal\(\s*(signal\.)?{number.name}\s*,\s*(signal\.)?SIG_IGN"
        where = written(case.sources, ignored)
        by = sent.get(number) or written(case.sources, rf"\bos\.kill\(.*\b{number.name}\b")
        if where and by and withstood:
            return Cause(
                "signal_ignored",
                f"a child does not end by the {number.name} that it is sent at {by}: it ignores "
                f"it, as its parent does since {where}",
                "A signal that a process ignores is ignored by its children too, under every start "
                "method: that survives fork and exec (signal(7)).",
                where,
            )
    return None

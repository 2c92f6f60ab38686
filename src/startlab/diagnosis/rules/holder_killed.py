"""A lock whose holder was killed.

## What it sees
The program has ended a child by a signal, and then waits for a lock between processes that no
other process is there to hold.

## Why
A lock between processes is not released when the process that holds it is killed. `terminate()`
does that, and so does the end of a pool's `with` block. A queue has such locks inside.

## What to do
Let the process end by itself, and wait for it.

## Bad
```python
worker.terminate()
queue.put("end")
```

## Good
```python
queue.put("end")
worker.join()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import is_at, is_helper, is_waiting
from startlab.model import SignalSent
from startlab.output import signals

MECHANISMS: Final = (
    Mechanism(
        "holder_killed",
        advice="Let the process end by itself, and wait for it (a pool: close() and join(), within "
        "its `with` block); give each worker a pipe of its own.",
        experiment="killed_lock_holder",
    ),
)


def find(case: Case) -> Cause | None:
    """See a wait for a lock between processes, after the program has ended a child by a signal."""
    waiting = [
        thread
        for _, thread in case.threads()
        if is_waiting(thread, "shared lock")
        and not any(is_at(each, "synchronize.py", "wait") for each in thread.stack)
    ]
    ended = {s.child: s.exit_code for s in case.trial.starts if (s.exit_code or 0) < 0}
    sent = [clue for clue in case.clues(SignalSent) if clue.child in ended]
    if not waiting or not sent or len(case.processes) > 1 + len(_helpers(case)):
        return None
    where = case.where or sent[0].where
    by = signals.name_of(ended[sent[0].child] or 0)
    return Cause(
        "holder_killed",
        f"the program waits at {where} for a lock of a child that it has ended itself ({by}"
        + (f", at {sent[0].where}" if sent[0].where else "")
        + "), while that held it",
        "A lock between processes is not released when the process that holds it is killed, as "
        "terminate() and the end of a pool's `with` block do; a queue uses such locks internally, "
        "in its feeder thread and in every reader.",
        where,
    )


def _helpers(case: Case) -> list[int]:
    return [process.pid for process in case.trial.processes if any(map(is_helper, process.threads))]

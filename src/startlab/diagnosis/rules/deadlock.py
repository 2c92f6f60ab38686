"""Threads that wait for one another.

## What it sees
Nothing goes on any more, which is proven or follows from the time limit, and no rule knows why.

## Why
Each thread waits for what another one should do. The finding names who waits for what, and what
would end it.

## What to do
Have one of them do what another one waits for before it waits itself. Where one asks again and
again, what it asks about cannot change any more: see who should have changed it. If it is only
slow: `--timeout SECONDS`.

## Bad
```python
child = multiprocessing.Process(target=pipe_there.recv)
child.start()
child.join()
pipe_here.send("begin")
```

## Good
```python
child = multiprocessing.Process(target=pipe_there.recv)
child.start()
pipe_here.send("begin")
child.join()
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis import locks
from startlab.diagnosis.case import Case, Cause, joining, takes
from startlab.diagnosis.phrases import at, either, sentence
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import (
    is_in,
    is_waiting,
    line_of,
    own_frame,
    waits_for_child,
    waits_for_lock,
)
from startlab.judge import waiting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from startlab.model import Thread, WaitKind

MECHANISMS: Final = (
    Mechanism(
        "deadlock",
        symptom=True,
        shown=True,
        advice="Let one of these do what the other waits for before it waits itself, or give one "
        "of the waits a timeout.",
    ),
    Mechanism(
        "asks_forever",
        symptom=True,
        advice="What it asks about can no longer change: find out what should have changed it.",
    ),
    Mechanism("no_end", symptom=True, advice="If it is just slow: --timeout SECONDS."),
)


def find(case: Case) -> Cause | None:
    """Tell who waits for what, where no mechanism is known."""
    found = list(case.threads())
    found = [each for each in found if own_frame(each[1]) is not None] or found
    found.sort(key=lambda each: waits_for_child(each[1]))  # what waits for all others is last
    if not found:
        return None
    parts, ends = [], []
    for process, thread in found[:6]:
        line, (waits, end) = _line_of(thread), _waits(case, thread)
        who = case.who(process) if waits else f"{case.who(process)} is"
        if waits or line:
            parts.append(f"{who}{at(line)} {waits}".rstrip())
            ends.append(end)
    if not parts:
        return None
    parts = list(dict.fromkeys(parts))
    asker = _asker(case)
    first = asker or next((t for _, t in found if own_frame(t)), None)
    where = (_line_of(first) if first else None) or case.where
    return Cause(
        _mechanism(case),
        f"a child asks again and again, at {where}, what can no longer change"
        if asker and where
        else parts[0] + (f"; {parts[1]}" if len(parts) > 1 else ""),
        sentence(case.trial.reason)
        if case.trial.reason and case.trial.grade != "proven"
        else "Nothing can continue: " + "; ".join(parts) + "." + _what_would_end(ends),
        where,
        key=where or parts[0],
    )


def _waits(case: Case, thread: Thread) -> tuple[str, str]:
    """Say what a thread waits for, and what would end that; nothing of one that runs."""
    if is_in(thread, "synchronize.py", "wait"):
        return "waits for an Event or a Condition", "set() or notify() of another process"
    if takes(thread):
        return "waits for an item of a queue", "an item put into the queue"
    if waits_for_child(thread):
        return "waits for the end of its child", ""
    if thread.wait is None:
        return "", ""
    if waits_for_lock(thread):
        lock = locks.described(case, thread)
        return f"waits for {lock}", _RELEASED[is_waiting(thread, "shared lock")]
    return waiting.waits(thread, numbers=False), _ENDS.get(thread.wait.kind, "")


_RELEASED: Final = (
    "release() in another thread of its process",
    "release() in one of the processes that have the lock",
)
_ENDS: Final[Mapping[WaitKind, str]] = {
    "file lock": "the release of the file's lock, or the close of that file",
    "pipe read": "something written to the pipe, or its other end closed",
    "pipe write": "something read from the pipe",
    "socket read": "something sent through the socket, or its other end closed",
    "socket write": "something received from the socket",
    "connection": "a connection made to its address",
    "eventfd": "a write to the eventfd",
    "semaphore": "the semaphore raised",
    "message queue": "a message sent or received",
    "signal": "a signal that is handled",
    "poll": "one of these made ready",
}
"""What would end a wait, by its kind; the end of a child is told of by the child's own wait."""


def _what_would_end(ends: Sequence[str]) -> str:
    told = list(dict.fromkeys(filter(None, ends)))
    return f" What would end it: {either(told)}." if told else ""


def _mechanism(case: Case) -> str:
    if case.trial.grade in ("proven", "proven-given-pollers"):
        return "deadlock"
    if any(_goes_round(thread) and own_frame(thread) for _, thread in case.threads()):
        return "asks_forever"
    return "deadlock" if case.trial.grade == "stuck" else "no_end"


def _asker(case: Case) -> Thread | None:
    """Give the thread of a child that goes round, where the program waits for the child's end."""
    if joining(case) is None:
        return None
    children = {start.child for start in case.trial.starts}
    askers = (t for p, t in case.threads() if p.pid in children and _goes_round(t))
    return next((each for each in askers if line_of(each)), None)


def _goes_round(thread: Thread) -> bool:
    return thread.wait is not None and thread.wait.rounds


def _line_of(thread: Thread) -> str | None:
    """Give the line that a thread is at; of one that never sleeps, that of its loop."""
    runs = _goes_round(thread) and thread.wait is not None and thread.wait.kind == "running"
    return (thread.where if runs else None) or line_of(thread)

"""A lock whose holder was killed, or an event whose waiter was.

## What it sees
A child has ended by a signal, that of the program itself or another one, and somebody waits for a
lock between processes or of a manager. If the program sent the signal, no other process is there to
hold the lock, or none is in a block that takes it. Or it waits in `set()` or `notify()`.

## Why
A lock between processes is not released when the process that holds it is killed. `terminate()`
does that, and so does the end of a pool's `with` block. A queue has such locks inside. `set()` of
an Event returns when those that wait have woken up: one that was killed as it waited never does.

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

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis import locks
from startlab.diagnosis.case import Case, Cause, ended_by
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import all_written
from startlab.diagnosis.stacks import (
    is_at,
    is_helper,
    is_in,
    is_waiting,
    line_of,
    own_frame,
    own_frames,
    waits_for_managers_lock,
)
from startlab.model import SignalSent

if TYPE_CHECKING:
    from startlab.model import Process, Thread

MECHANISMS: Final = (
    Mechanism(
        "holder_killed",
        advice="Let the process end by itself, and wait for it (a pool: close() and join(), within "
        "its `with` block); give each worker a pipe of its own.",
        experiment="killed_lock_holder",
    ),
    Mechanism(
        "waiter_killed",
        advice="Set the Event, and join() those that wait for it, before any of them is ended; or "
        "give each process an Event of its own.",
    ),
)


def find(case: Case) -> Cause | None:
    """See a wait for a lock between processes, after a child was ended by a signal."""
    waiting = [(process, thread) for process, thread in case.threads() if _for_a_lock(thread)]
    notifying = [each for each in waiting if is_in(each[1], "synchronize.py", "notify")]
    if notifying:
        return _waiter_killed(case, *notifying[0])
    if not waiting:
        return None
    process, thread = min(waiting, key=lambda each: (each[0] != case.root, not own_frame(each[1])))
    holder = _holder(case, process, thread)
    if holder is None:
        return None
    where = line_of(thread) or case.where
    name = locks.name_of(case, thread)
    lock = "a manager's lock" if waits_for_managers_lock(thread) and name == "a lock" else name
    return Cause(
        "holder_killed",
        f"{case.who(process)} waits at {where} for {lock}, which {holder} had",
        "A lock between processes, or of a manager, is not released when the process that holds it "
        "is killed, as terminate() and the end of a pool's `with` block do; a queue uses such "
        "locks internally, in its feeder thread and in every reader.",
        where,
    )


def _waiter_killed(case: Case, process: Process, thread: Thread) -> Cause | None:
    """See a wait for a child to wake up that was ended as it waited."""
    sent, code = _ended(case)
    if code is None:
        return None
    at = f" at {sent.where}" if sent and sent.where else ""
    where = line_of(thread)
    return Cause(
        "waiter_killed",
        f"{case.who(process)} waits at {where} for the waking of a child that was ended{at} "
        f"({ended_by(code)}) while that waited for the same",
        "set() and notify() of multiprocessing return when all that wait have woken up. A child "
        "that is ended as it waits never does, and is still counted.",
        where,
    )


def _ended(case: Case) -> tuple[SignalSent | None, int | None]:
    """Give the signal by which the program has ended a child, and how a child was ended by one."""
    ended = {each.child: each.exit_code or 0 for each in case.trial.starts}
    sent = [clue for clue in case.clues(SignalSent) if ended.get(clue.child, 0) < 0]
    codes = [ended[sent[0].child]] if sent else [code for _, code, _ in case.died if code < 0]
    return sent[0] if sent else None, codes[0] if codes else None


def _for_a_lock(thread: Thread) -> bool:
    in_condition = any(is_at(each, "synchronize.py", "wait") for each in thread.stack)
    shared = is_waiting(thread, "shared lock") and not in_condition
    return shared or waits_for_managers_lock(thread)


def _holder(case: Case, process: Process, thread: Thread) -> str | None:
    """Name the child that was killed: unexpectedly, or by the program, and none else has it."""
    killed = [code for _, code, _ in case.died if code < 0]
    if killed and not any(each.child for each in case.tracebacks):
        return f"a process that was ended ({ended_by(killed[0])})"
    sent, code = _ended(case)
    if sent is None or code is None or _may_be_held(case, thread):
        return None
    at = f", at {sent.where}" if sent.where else ""
    by = "it has ended itself" if process == case.root else "the program has ended"
    return f"a child that {by} ({ended_by(code)}{at})"


def _may_be_held(case: Case, thread: Thread) -> bool:
    """Tell whether a living process may have the lock: of a manager's, the sources tell who has."""
    if waits_for_managers_lock(thread) and locks.taken(case, thread):
        return any(locks.holds(case, each, thread) for _, each in case.threads())
    living = [e for e in case.trial.processes if not any(map(is_helper, e.threads))]
    held = thread.wait.held if thread.wait is not None else None
    if not locks.taken(case, thread) or (held is not None and held.holders):
        return len(living) > 1
    return any(_may_have_taken(case, each, thread) for each in living)


def _may_have_taken(case: Case, process: Process, thread: Thread) -> bool:
    """Tell whether a process is where a lock is taken, and does not wait for it as well."""
    wanted = locks.taken(case, thread)
    names = "|".join(re.escape(each.rpartition(".")[2]) for each in wanted)
    taken = all_written(case.sources, rf"\b({names})\.acquire\(|\bwith\b.*\b({names})\b")
    for each in process.threads:
        if is_waiting(each, "shared lock") and wanted & locks.taken(case, each):
            continue
        for frame in own_frames(each):
            function = case.sources.file(frame.file).function_of(frame.line)
            for line in taken:
                file, _, number = line.rpartition(":")
                same = case.sources.file(file).function_of(int(number)) == function
                if file == frame.file and same and int(number) <= frame.line:
                    return True
    return False

"""A condition that is never notified.

## What it sees
A thread waits for an `Event` or a `Condition`, and no thread is left to set or notify it, or for a
`Semaphore` of threading, which none is left to release; or in a
`Barrier`, and nothing else goes on that could bring one more. Or its predicate stays false, or it
was cleared at once.

## Why
A `Condition` wakes those who wait at that moment, and not those who come later. One of threading is
of one process alone. A `Barrier` lets no one through before as many have arrived as it was made
for. One that failed before it came, or that was never started, never comes. The predicate of
`wait_for()` is called in the process that waits: it sees what the processes share, and no more.

## What to do
Use an `Event` for what is to stay, and look before waiting. Make a `Barrier` for as many as wait at
it, and give `wait()` a timeout.

## Bad
```python
with condition:
    condition.notify_all()
child.start()
with condition:
    condition.wait()
```

## Good
```python
with condition:
    condition.wait_for(lambda: ready.value, timeout=10)
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis import locks
from startlab.diagnosis.case import Case, Cause, called_on, started_at
from startlab.diagnosis.phrases import a, at, listed
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.source.places import all_written
from startlab.diagnosis.stacks import (
    is_at,
    is_in,
    library_frames,
    line_of,
    own_frame,
    own_frames,
    own_line,
    through,
)

if TYPE_CHECKING:
    from startlab.model import Process, Thread

MECHANISMS: Final = (
    Mechanism(
        "never_notified",
        advice="Use an Event for a state that lasts, and check before waiting: "
        "`condition.wait_for(...)`; give wait() a timeout.",
    ),
    Mechanism(
        "never_set",
        advice="Set the Event on every path, also after an exception, and before joining "
        "what waits for it; give wait() a timeout.",
    ),
    Mechanism(
        "permits_missing",
        advice="Release the Semaphore on every path, also on those that leave early; or give "
        "acquire() a timeout.",
    ),
    Mechanism(
        "cleared_early",
        advice="Clear it only when all have gone on: have each say so, as by a Semaphore, or let "
        "them meet in a Barrier instead.",
    ),
    Mechanism(
        "of_one_process",
        advice="Use the Event or Condition of multiprocessing, and give it to the child as an "
        "argument.",
    ),
    Mechanism(
        "never_true",
        advice="Have the predicate look at what the processes share (a Value, a manager's dict), "
        "and set that before notify_all().",
    ),
    Mechanism(
        "barrier_short",
        advice="Make it for the number that really wait at it, and give wait() a timeout: one that "
        "failed never arrives.",
    ),
)


def find(case: Case) -> Cause | None:
    """See one wait for an Event or a Condition that no thread is left to set or notify."""
    in_barrier = [each for each in case.threads() if is_in(each[1], "threading.py", "_wait")]
    return _in_barrier(case, in_barrier) if in_barrier else _in_wait(case)


def _in_wait(case: Case) -> Cause | None:
    waiting = [
        (process, thread)
        for process, thread in case.threads()
        if any(is_in(thread, file, "wait") for file in _WAITS)
        and own_frame(thread) is not None
        and not through(thread, "queues.py", "pool.py", "process.py", "futures")
        and not _is_to_come(case, thread)
    ]
    if not waiting:
        return None
    process, thread = min(waiting, key=lambda each: each[0] == case.root)
    where = line_of(thread)
    shared = through(thread, "synchronize.py")
    name, made = called_on(case, thread, "wait", "wait_for", "acquire")
    if is_in(thread, "threading.py", "acquire"):
        return _of_semaphore(case, case.whose(process, thread), where, name, made)
    event = _is_event(thread, case.sources.code(made))
    if shared and is_in(thread, "synchronize.py", "wait_for"):
        return Cause(
            "never_true",
            f"{case.who(process)} waits at {where} in wait_for() of "
            f"{_called('Condition', name, made)}, whose predicate was not true when it was last "
            "called",
            "Whoever waits calls the predicate itself, first and whenever it is notified: what "
            "another process has set in its own memory is not seen there.",
            where,
        )
    of = rf"\b{re.escape(name.rpartition('.')[2])}" if name else ""
    of += r"\.set\(" if event else r"\.(notify|notify_all)\("
    calls = all_written(case.sources, of)
    kind, verb = ("Event", "sets") if event else ("Condition", "notifies")
    what = _called(kind, name, made)
    mechanism, ending = "never_set" if event else "never_notified", f"which nothing {verb}"
    text = f"What would do it is at {listed(calls[:4])}." if calls else ""
    text += "" if event else _AT_THAT_MOMENT
    text += "" if shared or len(case.trial.starts) == 0 else _OF_ONE_PROCESS
    in_children = map(Calls(case.sources).is_in_children, calls)
    if calls and not shared and process != case.root and not any(in_children):
        mechanism, text = "of_one_process", _OF_ONE_PROCESS
        ending = f"of which it has its own: {listed(calls[:4])} {verb} the parent's"
    elif event and (cleared := _cleared(case, name, calls)) is not None:
        return Cause(
            "cleared_early",
            f"{case.who(process)} waits at {where} for {what}, which {cleared[0]} sets and "
            f"{cleared[1]} clears again, with nothing in between that waits for it to go on",
            "An Event lets those through that wait when it is set, or come before it is cleared. "
            "Whoever comes later waits until it is set once more.",
            cleared[1],
        )
    elif calls:
        ending += " any more"
    title = f"{case.who(process)} waits at {where} for {what}, {ending}"
    for traceback in case.tracebacks if name else ():
        line = own_line(traceback.frames)
        if line is not None and _is_before(case, line, of):
            return Cause(mechanism, f"{title}: {line} raises {traceback.said}", text.strip(), line)
    return Cause(mechanism, title, text.strip(), where)


def _of_semaphore(case: Case, who: str, where: str | None, name: str, made: str | None) -> Cause:
    own = re.escape(name.rpartition(".")[2])
    calls = all_written(case.sources, rf"\b{own}\.release\(") if name else []
    ending = "which nothing releases" + (" any more" if calls else "")
    text = f"What would do it is at {listed(calls[:4])}. " if calls else ""
    return Cause(
        "permits_missing",
        f"{who} waits at {where} for {_called('Semaphore', name, made)}, {ending}",
        f"{text}Once it has let through as many as it was made for, each acquire() waits for a "
        "release().",
        where,
    )


def _cleared(case: Case, name: str, calls: list[str]) -> tuple[str, str] | None:
    """Give the lines that set an Event and clear it again, without a wait in between."""
    for call in calls:
        file, _, number = call.rpartition(":")
        source, line = case.sources.file(file), int(number)
        own = re.escape(name.rpartition(".")[2])
        cleared = source.mentions_later(rf"\b{own}\.clear\(", line)
        if cleared and not any(line < each < cleared for each in source.all_mentions(_HANDSHAKE)):
            return call, f"{file}:{cleared}"
    return None


_HANDSHAKE: Final = r"\.(wait|wait_for|get|join|acquire|recv)\(|\bsleep\("


def _is_before(case: Case, line: str, call: str) -> bool:
    """Tell whether a call would have followed in the function that has raised at a line."""
    file, _, number = line.rpartition(":")
    return case.sources.file(file).mentions_later(call, int(number)) is not None


def _in_barrier(case: Case, waiting: list[tuple[Process, Thread]]) -> Cause:
    """Tell of those that wait in a Barrier for more to come, maybe through a manager's server."""
    asking = [each for each in case.threads() if is_in(each[1], "managers.py", "wait")]
    if all(own_frame(each) is None for _, each in waiting) and asking:
        waiting = asking
    process, thread = waiting[0]
    where = line_of(thread)
    many = len(waiting) > 1
    who = f"{len(waiting)} processes or threads wait" if many else f"{case.who(process)} waits"
    made = locks.made_at(case, thread)
    of_pool = all(any(is_at(f, "pool.py", "worker") for f in each.stack) for _, each in waiting)
    pool = started_at(case) if of_pool else None
    return Cause(
        "barrier_short",
        f"{who} at {where} in {_called('Barrier', '', made)}, and no others arrive"
        + (f": they are all workers that the pool has{at(pool)}" if of_pool else ""),
        "A Barrier opens only when as many have arrived as it was made for.",
        where,
    )


def _called(kind: str, name: str, made: str | None) -> str:
    """Name what a thread waits for, with the line that made it."""
    return (f"the {kind} `{name}`" if name else a(kind)) + (f" (made at {made})" if made else "")


_OF_ONE_PROCESS: Final = " One of threading belongs to one process: another has at most a copy."
_AT_THAT_MOMENT: Final = (
    " A Condition wakes those who wait at that moment, and not those who come later."
)


def _is_event(thread: Thread, made: str) -> bool:
    """Tell whether a thread waits for an Event, by the line that makes it or by its stack."""
    if re.search(r"\b(Event|Condition)\(", made):
        return re.search(r"\bEvent\(", made) is not None
    waits = [each for each in library_frames(thread) if is_at(each, "", "wait")]
    if any("." in each.function for each in waits):  # since 3.11
        return waits[-1].function.startswith("Event.")
    return len(waits) > 1


def _is_to_come(case: Case, thread: Thread) -> bool:
    """Tell whether another thread would set or notify something once its own wait is over."""
    return any(
        case.sources.file(frame.file).mentions_later(_CALLS, frame.line)
        for _, other in case.threads()
        if other is not thread
        for frame in own_frames(other)
    )


_WAITS: Final = ("threading.py", "synchronize.py")
_CALLS: Final = r"\.(notify|notify_all|set)\("

"""Two processes that each wait for the other.

## What it sees
A thread waits for an event, a semaphore or an item of a queue, and the line that would set, release
or put it comes after the line that another one waits at, and the other way round. Or each waits to
read from the end of a connection that the other one writes to. Or one of them answers in a loop and
waits for the next task, and the other, which gave one, waits for the answer. Or one end of a
connection has an `authkey`, and the other has none.

## Why
Each waits first: neither comes to what would end the wait of the other. A loop that leaves one task
without an answer leaves whoever counts on that waiting.

## What to do
Have one of the two do its part before it waits; give an answer to every task.

## Bad
```python
def child(asked, answered):
    asked.acquire()
    answered.release()

answered.acquire()
asked.release()
```

## Good
```python
def child(asked, answered):
    asked.acquire()
    answered.release()

asked.release()
answered.acquire()
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import listed
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.syntax import ENDED_BY
from startlab.diagnosis.stacks import (
    is_at,
    is_in,
    library_frames,
    line_of,
    own_frame,
    own_frames,
    through,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from startlab.model import Frame, Process, Thread

MECHANISMS: Final = (
    Mechanism(
        "crossed_waits",
        shown=True,
        advice="Let one of the two do what the other waits for before it waits itself.",
    ),
    Mechanism(
        "unanswered_task",
        advice="Give an answer to every task, also to one that fails (None, or the exception), or "
        "wait with a timeout.",
    ),
    Mechanism("both_receive", shown=True, advice="Let one of the two send before it reads."),
    Mechanism(
        "one_has_a_key",
        shown=True,
        advice="Give Listener() and Client() the same `authkey`, or give none to either.",
    ),
)


def find(case: Case) -> Cause | None:
    """See two of which each would do later what the other one waits for now."""
    waiting = [(p, t) for p, t in case.threads() if own_frames(t)]
    for number, (process, thread) in enumerate(waiting):
        for other_process, other in waiting[number + 1 :]:
            where, its = line_of(thread) or "", line_of(other) or ""
            first = _end(case, process, thread, other_process, other)
            second = _end(case, other_process, other, process, thread)
            if first is None or second is None or _want_the_same(case, thread, other):
                continue
            asker = (process, thread)
            missing = _unanswered(case, asker, other) or _unanswered(
                case, (other_process, other), thread
            )
            if missing is not None:
                return missing
            one, two = case.whose(process, thread), case.whose(other_process, other)
            if one == two:
                one, two = "one", "the other"
            return Cause(
                "crossed_waits",
                f"{one} waits at {where} and {two} at {its}, each for what the other does only "
                f"after its own wait",
                f"What would end the wait at {where} is {first}, after {its}; what would end the "
                f"wait at {its} is {second}, after {where}.",
                where,
                key=" ".join(sorted((where, its))),
            )
    return None


def _end(
    case: Case, process: Process, thread: Thread, other_process: Process, other: Thread
) -> str | None:
    """Tell what would end a thread's wait, if another one would do that after its own wait."""
    later = _later(case, thread, other)
    if later is not None:
        return f"`{case.sources.code(later)}` at {later}"
    if is_in(thread, "threading.py", "join"):
        is_other = process == other_process and other.tid != process.pid
        return "the end of that thread" if is_other else None
    if is_in(thread, "process.py", "join"):
        return "the end of that child" if other_process.ppid == process.pid else None
    return None


def _later(case: Case, thread: Thread, other: Thread) -> str | None:
    """Find the line, after the one that another thread is at, that would end a thread's wait."""
    inner = library_frames(other)
    leaves = bool(inner) and is_at(inner[-1], "", "__exit__")
    for at, line in _ends(case, thread, other):
        past = at.line
        if leaves and at == own_frame(other):  # it is at the `with`, and has run what is in it
            past = case.sources.file(at.file).end_of_with(at.line)
        if line > past:
            return f"{at.file}:{line}"
    return None


def _want_the_same(case: Case, thread: Thread, other: Thread) -> bool:
    """Tell whether two wait for one object: of a semaphore that both want, a permit is missing."""
    wanted = [{name for name, _ in _waits(case, each)} for each in (thread, other)]
    return bool(wanted[0] & wanted[1])


def _unanswered(case: Case, asker: tuple[Process, Thread], other: Thread) -> Cause | None:
    """See one that answers in a loop wait for more, and one that has asked wait for an answer."""
    process, thread = asker
    own = own_frames(other)[0]
    loop = case.sources.file(own.file).loop_of(own.line)
    answers = [
        line
        for at, line in _ends(case, thread, other)
        if at == own and line > own.line and line in loop
    ]
    asked = [f"{at.file}:{line}" for at, line in _ends(case, other, thread) if line < at.line]
    if not answers or not asked:
        return None
    where, its, answer = line_of(thread) or "", line_of(other), f"{own.file}:{answers[0]}"
    return Cause(
        "unanswered_task",
        f"{case.whose(process, thread)} waits at {where} for an answer that does not come: what "
        f"gives one at {answer} waits at {its} for the next task",
        f"Of the tasks that were given at {asked[0]} one has not led from {its} to "
        f"`{case.sources.code(answer)}` at {answer}: something between these lines leaves that "
        "out, such as `continue`, a condition, or an exception that is caught.",
        where,
    )


def _ends(case: Case, thread: Thread, other: Thread) -> Iterator[tuple[Frame, int]]:
    """Give the lines that would end a thread's wait, of the functions that another one is in."""
    for name, ends in _waits(case, thread):
        own = re.escape(name.rpartition(".")[2])
        for at in own_frames(other):
            source = case.sources.file(at.file)
            for line in source.all_mentions(rf"\b{own}\.({ends})\("):
                if source.function_of(line) == source.function_of(at.line):
                    yield at, line


def _waits(case: Case, thread: Thread) -> list[tuple[str, str]]:
    """Give what a thread's line waits for, and the calls that would end that."""
    frame = own_frames(thread)[0]
    calls = case.sources.file(frame.file).calls_at(frame.line)
    return [(name, ENDED_BY[called]) for name, called in calls if called in ENDED_BY]


def suspect(case: Case) -> Cause | None:
    """See two that read from the two ends of one connection."""
    readers = {
        thread.wait.object: (process, thread)
        for process, thread in case.threads()
        if thread.wait is not None and thread.wait.kind == "socket read"
        if own_frame(thread) is not None and not through(thread, "queues.py", "pool.py")
    }
    for process, thread in readers.values():
        other = readers.get(thread.wait.peer) if thread.wait is not None else None
        if other is None:
            continue
        where, there = line_of(thread) or "", line_of(other[1]) or ""
        sends = [line for each in (where, there) if (line := _sends_after(case, each))]
        next_ = f" What would be sent next is at {listed(sends)}." if sends else ""
        one, two = case.who(process), case.who(other[0])
        if one == two:
            two = "another thread of it" if process == other[0] else "another one"
        if _authenticates(thread) != _authenticates(other[1]):
            keyed, plain = (one, where), (two, there)
            if _authenticates(other[1]):
                keyed, plain = plain, keyed
            return Cause(
                "one_has_a_key",
                f"{keyed[0]} has an `authkey` and waits at {keyed[1]} for the challenge that the "
                f"other end of the connection, {plain[0]}, does not send: it has none, and waits "
                f"at {plain[1]}",
                "With an `authkey`, each end first asks the other to prove that it has the same "
                "one. An end without a key knows nothing of that.",
                keyed[1],
            )
        return Cause(
            "both_receive",
            f"{one} waits at {where} for what {two} would send, which waits at {there} for what "
            "the first would send, through the same connection",
            f"Each reads what the other should send, and neither sends first.{next_}",
            where,
            key=" ".join(sorted((where, there))),
        )
    return None


def _authenticates(thread: Thread) -> bool:
    """Tell whether an end of a connection waits for what proves that the other has the key."""
    return is_in(thread, "connection.py", "answer_challenge", "deliver_challenge")


def _sends_after(case: Case, where: str) -> str | None:
    """Find the line after another one, in the same function, that sends."""
    file, _, line = where.rpartition(":")
    source = case.sources.file(file)
    found = source.mentions(r"\.(send|sendall|write|send_bytes)\(", int(line or 0))
    if not line or found is None or source.function_of(found) != source.function_of(int(line)):
        return None
    return f"{file}:{found}"

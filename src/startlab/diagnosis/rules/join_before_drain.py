"""What was put into a queue and is not read before the end of the process that put it.

## What it sees
A process waits for the end of a child, and the child waits for a full pipe to be read. Or a process
has come to its own end, and a queue's thread in it still waits for that. Or it writes to a full
pipe before there is anybody to read, or opens a named pipe that no other one opens.

## Why
A process cannot end before all that it has put into a queue has gone into the pipe, which is full
(64 KiB on Linux). The parent would read it only after the child's end; or nothing reads it.

## What to do
Read all that comes out of the queue before `join()`, or read in a thread.

## Bad
```python
child.start()
child.join()
print(queue.get())
```

## Good
```python
child.start()
print(queue.get())
child.join()
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import at, listed
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import all_written
from startlab.diagnosis.stacks import is_at, is_waiting, library_frames, line_of, through

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Process, Thread

MECHANISMS: Final = (
    Mechanism(
        "join_before_drain",
        advice="Read all that comes out of the queue before join(), or read in a thread.",
        experiment="join_before_drain",
    ),
    Mechanism(
        "listener_stopped",
        advice="Stop the listener after join() of all that log into its queue.",
    ),
    Mechanism(
        "put_before_reader",
        advice="Start the process or thread that reads before more is written than the pipe holds.",
    ),
    Mechanism(
        "never_read",
        advice="Have all of it taken out of the queue; or, if what is left may be lost, call "
        "cancel_join_thread() of the queue.",
    ),
    Mechanism(
        "fifo_half_open",
        advice="Have the other end opened before anyone waits for this one to go on: a named pipe "
        "is opened by a reader and a writer together.",
    ),
)


def find(case: Case) -> Cause | None:
    """See one wait for the end of another, which waits for the first to read what it writes."""
    writers = [(p, t) for p, t in case.threads() if is_waiting(t, "pipe write", "socket write")]
    joins = [
        (p, t)
        for p, t in case.threads()
        if any(f.function.rpartition(".")[2] in ("join", "wait", "shutdown") for f in t.stack)
        and not any(p.pid == writer.pid for writer, _ in writers)
        and through(t, "process.py", "popen_fork.py", "popen_forkserver.py", "popen_spawn")
    ]
    if not writers:
        return _half_open(case, [line_of(thread) for _, thread in joins])
    if not joins:
        return _at_its_own_end(case, [process for process, _ in writers]) or _unread(case, writers)
    joiner, thread = joins[0]
    where = line_of(thread)
    feeder = any(through(t, "queues.py") or "Feeder" in t.name for _, t in writers) or any(
        through(t, "queues.py") for p, t in case.threads() if p.pid == writers[0][0].pid
    )
    stopped = _stopped_listener(case, where) if feeder and where else None
    if stopped is not None:
        return Cause(
            "listener_stopped",
            f"{stopped} stops the listener that reads the queue, and {case.who(joiner)} waits at "
            f"{where} for the end of a child that has put more into it",
            "The child cannot end before all that it has put into the queue has gone into the "
            "pipe, and the pipe is full (64 KiB on Linux). Nothing reads it any more.",
            stopped,
        )
    what = "queue" if feeder else "pipe"
    return Cause(
        "join_before_drain",
        f"{case.who(joiner)} waits at {where} for the end of a child that waits for its {what} to "
        "be read",
        f"The child cannot end before all that it has put into the {what} has gone into the pipe, "
        "and the pipe is full (64 KiB on Linux). The parent would read it only after the child's "
        "end.",
        where,
    )


def _stopped_listener(case: Case, where: str) -> str | None:
    """Find the line, before another one in its function, that stops a QueueListener of logging.

    Not where another queue is read after that, which the child may wait for as well.
    """
    file, _, number = where.rpartition(":")
    source, last = case.sources.file(file), int(number)
    if source.mentions_later(r"\.get(_nowait)?\(", last) is not None:
        return None
    for line in source.all_mentions(r"\.stop\(\)"):
        if line < last and source.function_of(line) == source.function_of(last):
            for name, called in source.calls_at(line):
                made = source.made(name, source.owner_of(line)) if called == "stop" else None
                if made is not None and "QueueListener(" in source.line(made):
                    return f"{file}:{line}"
    return None


def _half_open(case: Case, joins: Sequence[str | None]) -> Cause | None:
    """See a process in open(), which only a named pipe keeps there, and what waits for it."""
    for process, thread in case.threads():
        where = line_of(thread)
        wait = thread.wait
        if wait is None or wait.kind != "call" or wait.object not in ("open", "openat"):
            continue
        if where is None or library_frames(thread):
            continue
        waits = f", and {joins[0]} waits for the end of that" if joins and joins[0] else ""
        return Cause(
            "fifo_half_open",
            f"{case.who(process)} waits at {where} for the other end of a named pipe to be opened"
            f"{waits}",
            "To open a named pipe waits until another one has opened it for the other direction.",
            where,
        )
    return None


def _at_its_own_end(case: Case, writers: Sequence[Process]) -> Cause | None:
    """See a process at its end wait for what it has put into a queue to be read."""
    for process in writers:
        joins = [
            t
            for t in process.threads
            if any(is_at(each, "queues.py", "_finalize_join") for each in t.stack)
        ]
        if not joins:
            continue
        puts = all_written(case.sources, rf"{_PUT}(?!{_MARK})|\bQueueHandler\(")
        marks = all_written(case.sources, rf"{_PUT}{_MARK}")
        where = puts[0] if len(puts) == 1 else None
        line = line_of(joins[0])  # of a call of join_thread(); at its end a process is at none
        what = "join_thread() does not return" if line else "A process cannot end"
        return Cause(
            "never_read",
            f"{case.who(process)} {f'waits at {line}' if line else 'cannot end'}: nothing reads "
            f"what it has put into a queue{at(where)}",
            f"{what} before all that was put into the queue has gone into the pipe, and the pipe "
            "is full (64 KiB on Linux)."
            + (f" Items are put at {listed(puts[:3])}." if len(puts) > 1 else "")
            + (
                f" The end mark of {listed(marks[:3])} ends a reader: it takes nothing that is put "
                "later."
                if marks and any(each.exit_code == 0 for each in case.trial.starts)
                else ""
            ),
            line or where,
        )
    return None


_PUT: Final = r"\.put(?:_nowait)?\("
_MARK: Final = r"None\)"


def _unread(case: Case, writers: Sequence[tuple[Process, Thread]]) -> Cause | None:
    """See a process write what nobody is there to read: all others, if any, have ended."""
    if any(process != writers[0][0] for process, _ in case.threads()):
        return None
    process, thread = writers[0]
    where = line_of(thread)
    if where is None or not is_waiting(thread, "pipe write"):
        return None
    return Cause(
        "put_before_reader",
        f"{case.who(process)} waits at {where} to write into a pipe that is full, and no process "
        "is there that reads from it",
        "A pipe holds 64 KiB on Linux: whoever writes more waits until another one has read. "
        "SimpleQueue.put() and Connection.send() write at once; Queue.put() has a thread for it.",
        where,
        grade="shown",
    )

"""What a child hands to a thread that never sends it.

## What it sees
A child has ended with items in the queue of a thread: of one that a fork did not copy, or of one
that had no time left, as a child of multiprocessing runs no exit handlers. Or all children have
ended well, and the program waits in a library's native code, which they have called too, while
under another start method it ends well.

## Why
Exporters, listeners and clients put what they are given into a queue, and a thread of theirs sends
it. A fork does not copy that thread; and a child leaves by `os._exit()`, which waits for no daemon
thread and runs nothing that was registered with `atexit`. So it is with the native threads of a
library such as ZeroMQ.

## What to do
Set it up in the child, and flush or close it at the end of the child's work.

## Bad
```python
listener.start()
multiprocessing.Process(target=logging.error, args=("lost",)).start()
```

## Good
```python
def work():
    set_up()
    logging.error("kept")
    flush()
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause, imports_main
from startlab.diagnosis.libraries import package
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.stacks import library_frames, line_of
from startlab.model import LeftUnsent, NativeThreadsAtFork
from startlab.results.summary import WELL

if TYPE_CHECKING:
    from startlab.diagnosis.source.calls import Call

MECHANISMS: Final = (
    Mechanism(
        "left_unsent",
        shown=True,
        loses=True,
        advice="Set it up in each child, for example in a pool's `initializer=`, and flush or "
        "close it before the child's work ends.",
    ),
    Mechanism(
        "native_unsent",
        advice="Make in each child what it sends with, as a context or a client, and close or "
        "flush it before the child's work ends.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that children have ended with items that nothing has sent."""
    clues = case.clues(LeftUnsent)
    if clues:
        return _left(case, clues)
    for other in case.others if imports_main(case) else ():
        elsewhere = Case(other, case.sources)
        clues = elsewhere.clues(LeftUnsent)
        if clues and _set_up(case, clues[0]):
            return _left(elsewhere, clues)  # without what the parent set up, there is no queue
    return None


def _set_up(case: Case, clue: LeftUnsent) -> Call | None:
    """Give the call that sets the library up, which children that import the main module lack.

    It is given something; a `flush()` is not.
    """
    calls = Calls(case.sources)
    used = (each for each in calls.in_children() if each.package == _package(clue))
    set_up = (each for call in used for each in calls.set_up(call))
    return next((each for each in set_up if each.arguments), None)


def _package(clue: LeftUnsent) -> str:
    return clue.type.partition(".")[0] if "." in clue.type else ""


def _left(case: Case, clues: list[LeftUnsent]) -> Cause:
    clue = clues[0]
    number = sum(each.number * each.count for each in clues if each.type == clue.type)
    items = f"{number} item{'s' if number != 1 else ''}"
    started = f", which {clue.where} started" if clue.where else ""
    package = _package(clue)
    calls = [e for e in Calls(case.sources).in_children() if e.package == package]
    used = f" The children use {package} at {calls[0].where}." if calls else ""
    first = _set_up(case, clue)
    if first is not None:
        used += (
            f" Children started by spawn or forkserver do not even have what `{first.text}()` at "
            f"{first.where} sets up in the parent."
        )
    if clue.gone:
        why = f'thread "{clue.thread}"{started} in the parent, and a fork did not copy it'
    else:
        why = f'thread "{clue.thread}"{started}, and ends with the child'
    return Cause(
        "left_unsent",
        f"{items} that children gave to {clue.type} never arrived",
        f"They were still in its queue when the children ended. That queue is emptied by {why}: "
        "a child of multiprocessing ends by os._exit(), which runs no exit handlers and waits "
        f"for no daemon thread.{used}",
        clue.where,
        key=f"{clue.type} {clue.where}",
    )


def in_output(case: Case) -> Cause | None:
    """See that it is lost where the output lacks lines."""
    return find(case) if case.telling(LeftUnsent) and case.lines.only_second else None


def suspect(case: Case) -> Cause | None:
    """See that the program waits in a library's native code for what ended children gave to it."""
    alive = {each.pid for each in case.trial.processes if each.state != "Z"}
    ended = [each for each in case.trial.starts if each.child not in alive and not each.exit_code]
    if not ended or len(ended) < len(case.trial.starts):
        return None
    if all(each.outcome not in WELL for each in case.others):
        return None
    for process, thread in case.threads():
        where = line_of(thread)
        native = [each for each in thread.libraries if package(each)]
        if process != case.root or where is None or not native:
            continue
        called = [each.file for each in library_frames(thread)]
        packages = {package(each) for each in (*native, *called)}
        for call in Calls(case.sources).in_children():
            if call.package in packages:
                return _unsent(case, where, call)
    return None


def _unsent(case: Case, where: str, call: Call) -> Cause:
    number = max((each.number for each in case.clues(NativeThreadsAtFork)), default=0)
    had = f": its parent had {number} native threads when it was forked" if number else ""
    return Cause(
        "native_unsent",
        f"what children give to {call.package} at {call.where} never arrives: they have ended, "
        f"and {where} waits for it",
        f"Native threads of {call.package} do the work that `{call.text}()` hands to them. A "
        f"forked child has none of its parent's{had}. And a child started by fork or forkserver "
        "leaves by os._exit(), which waits for no thread and runs no exit handlers.",
        call.where,
        key=f"{call.package} {call.where}",
    )

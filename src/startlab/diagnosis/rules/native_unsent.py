"""What a child hands to a library's native threads, which do not get to send it.

## What it sees
All children have ended well, and the program waits in a library's native code; the children have
called the same library. Under another start method the program ends well.

## Why
A library such as ZeroMQ queues what it is given, and native threads send it. A forked child has
none of its parent's threads. A child started by fork or forkserver leaves by `os._exit()`, which
waits for no thread.

## What to do
Make the context or client in each child, and close or flush it before the child's work ends.

## Bad
```python
push = zmq.Context().socket(zmq.PUSH)

def work():
    push.send(b"done")
```

## Good
```python
def work():
    with zmq.Context() as context, context.socket(zmq.PUSH) as push:
        push.connect(ADDRESS)
        push.send(b"done")
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.libraries import package
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.stacks import library_frames, line_of
from startlab.model import NativeThreadsAtFork
from startlab.results.summary import WELL

if TYPE_CHECKING:
    from startlab.diagnosis.source.calls import Call

MECHANISMS: Final = (
    Mechanism(
        "native_unsent",
        advice="Make in each child what it sends with, as a context or a client, and close or "
        "flush it before the child's work ends.",
    ),
)


def find(case: Case) -> Cause | None:
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

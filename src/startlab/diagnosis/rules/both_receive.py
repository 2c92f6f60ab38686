"""Two ends of a connection that both wait to receive.

## What it sees
Two threads or processes each wait to read from the end that the other one writes to.

## Why
Both read first: neither comes to what it would send.

## What to do
Let one side send first, or the other one read later.

## Bad
```python
def child(there):
    there.send(there.recv() + 1)

print(here.recv())
here.send(1)
```

## Good
```python
def child(there):
    there.send(there.recv() + 1)

here.send(1)
print(here.recv())
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import listed
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import line_of, own_frame, through

MECHANISMS: Final = (
    Mechanism("both_receive", shown=True, advice="Let one of the two send before it reads."),
)


def find(case: Case) -> Cause | None:
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
        return Cause(
            "both_receive",
            f"{one} waits at {where} for what {two} would send, which waits at {there} for what "
            "the first would send, through the same connection",
            f"Each reads what the other should send, and neither sends first.{next_}",
            where,
            key=" ".join(sorted((where, there))),
        )
    return None


def _sends_after(case: Case, where: str) -> str | None:
    """Find the line after another one, in the same function, that sends."""
    file, _, line = where.rpartition(":")
    source = case.sources.file(file)
    found = source.mentions(r"\.(send|sendall|write|send_bytes)\(", int(line or 0))
    if not line or found is None or source.function_of(found) != source.function_of(int(line)):
        return None
    return f"{file}:{found}"

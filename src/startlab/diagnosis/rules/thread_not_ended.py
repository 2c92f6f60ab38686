"""A process that is kept by a thread of its own.

## What it sees
The main thread of a process has come to its end and waits for the other threads, of which one goes
on.

## Why
A process ends only when all its threads have, but for daemon threads. Whoever waits for its end
waits for them, too.

## What to do
Have the thread end: by `shutdown()` of a server, or by an `Event` that its loop asks. Or start it
with `daemon=True`.

## Bad
```python
def child():
    server = HTTPServer(address, Handler)
    Thread(target=server.serve_forever).start()
    visit(server)
```

## Good
```python
def child():
    server = HTTPServer(address, Handler)
    Thread(target=server.serve_forever).start()
    visit(server)
    server.shutdown()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import at
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import all_written
from startlab.diagnosis.stacks import is_in, line_of

MECHANISMS: Final = (
    Mechanism(
        "thread_not_ended",
        shown=True,
        advice="Have the thread end, by shutdown() of a server or by an Event that its loop asks; "
        "or start it with daemon=True.",
    ),
)


def find(case: Case) -> Cause | None:
    """See a process at its end wait for a thread that goes on."""
    for process, thread in case.threads():
        others = [each for each in process.threads if each is not thread]
        if (
            thread.tid != process.pid
            or not others
            or not is_in(thread, "threading.py", "_shutdown")
        ):
            continue
        kept_by = next((each for each in others if line_of(each)), others[0])
        made = all_written(case.sources, r"\bThread\(")
        where = made[0] if len(made) == 1 else line_of(kept_by)
        return Cause(
            "thread_not_ended",
            f'{case.who(process)} has come to its end and waits for its thread "{kept_by.name}"'
            f"{f' (made at {where})' if made == [where] else ''}, which goes on"
            f"{at(line_of(kept_by))}",
            "A process ends only when all its threads have, but for daemon threads. Whoever waits "
            "for its end waits for them, too.",
            where or case.where,
        )
    return None

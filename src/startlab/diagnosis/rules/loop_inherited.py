"""An event loop that a fork copies.

## What it sees
A forked child raises that an event loop is running already.

## Why
The fork was made in a coroutine: the child has a copy of the loop that runs it, and asyncio
believes that this loop is still running in the child.

## What to do
Start the child before the loop runs, give it a loop of its own, or use spawn.

## Bad
```python
def work():
    asyncio.run(fetch())

async def main():
    multiprocessing.Process(target=work).start()
```

## Good
```python
if __name__ == "__main__":
    multiprocessing.Process(target=work).start()
    asyncio.run(main())
```
"""

from __future__ import annotations

import re
from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import at
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line

MECHANISMS: Final = (
    Mechanism(
        "loop_inherited",
        copied=True,
        advice="Use asyncio.run() or a loop of its own, asyncio.new_event_loop(), in the child, or "
        "start it before the loop runs.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a forked child uses the event loop that its parent runs."""
    for traceback in case.tracebacks if "fork" in case.trial.method_used else ():
        where = own_line(traceback.frames)
        if traceback.child and _RUNNING_LOOP.search(traceback.said):
            return Cause(
                "loop_inherited",
                f"a forked child uses its parent's event loop{at(where)}, and raises "
                f"{traceback.said}",
                "The fork was made in a coroutine: the child has a copy of the loop that runs it, "
                "and asyncio believes that this loop is still running there.",
                where,
            )
    return None


_RUNNING_LOOP: Final = re.compile(
    r"event loop is already running|while another loop is running|from a running event loop"
)

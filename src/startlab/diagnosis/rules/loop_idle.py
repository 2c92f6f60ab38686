"""An event loop that nothing wakes any more.

## What it sees
The loop of asyncio waits for events without a timeout, and no process or thread is left that could
cause one.

## Why
A coroutine waits for a future, an event, a lock or a queue of asyncio, and no other task is left
that would resolve it, set it, release it or put into it.

## What to do
See who should have ended that wait, and start it as a task before; give the wait a timeout.

## Bad
```python
answer = loop.create_future()
await answer
```

## Good
```python
answer = loop.create_future()
task = asyncio.create_task(ask(answer))
await answer
```
"""

from __future__ import annotations

import ast
import re
from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import listed
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import own_files
from startlab.diagnosis.source.syntax import functions_in
from startlab.diagnosis.stacks import is_idle_loop, line_of

MECHANISMS: Final = (
    Mechanism(
        "loop_idle",
        symptom=True,
        advice="Find out what should have ended that wait: create that task first, or give the "
        "wait a timeout with asyncio.wait_for(...).",
    ),
)

_CALLED: Final = r"\b(\w+)\("


def find(case: Case) -> Cause | None:
    """See a loop of asyncio wait for events that nobody could cause."""
    for process, thread in case.threads():
        line = line_of(thread)
        if (line is None and not case.test) or not is_idle_loop(thread):
            continue
        if set(thread.waits_for) - {process.pid} or len(process.threads) > 1:
            continue
        if line is None:  # a plugin of pytest runs the loop
            runs, names = f"`{case.test}`", {case.test}
        else:
            runs, names = f"what runs at {line}", set(re.findall(_CALLED, case.sources.code(line)))
        awaits = _awaits(case, names)
        at = awaits[0] if len(awaits) == 1 else line
        code = f"`{case.sources.code(at)}` at {at}" if len(awaits) == 1 else runs
        more = f" It awaits at {listed(awaits[:4])}." if len(awaits) > 1 else ""
        return Cause(
            "loop_idle",
            f"the event loop of {case.who(process)} has nothing left to do, and {code} is not over",
            "A coroutine waits for a future, an event, a lock or a queue of asyncio, and no task "
            f"is left that could end that wait.{more}",
            at,
            key=at or case.test,
        )
    return None


def _awaits(case: Case, names: set[str]) -> list[str]:
    """Give the lines at which the coroutine functions of these names await something."""
    return list(
        dict.fromkeys(
            f"{file}:{node.lineno}"
            for file in own_files(case.sources)
            for _, function in functions_in(case.sources.file(file).tree, "")
            if function.name in names and isinstance(function, ast.AsyncFunctionDef)
            for node in ast.walk(function)
            if isinstance(node, ast.Await)
        )
    )

"""Tasks of a queue that are never reported done.

## What it sees
A thread waits in `join()` of a `JoinableQueue`, or of a `queue.Queue`.

## Why
It ends when `task_done()` was called for each item put in. On some way through the consumer's loop
(a `continue`, a `break`, an exception) the call is left out.

## What to do
Call `task_done()` once for every `get()`, whatever happens to the item.

## Bad
```python
for item in iter(queue.get, None):
    if not item:
        continue
    work(item)
    queue.task_done()
```

## Good
```python
for item in iter(queue.get, None):
    try:
        work(item)
    finally:
        queue.task_done()
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause, takers_of
from startlab.diagnosis.phrases import at
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import own_files
from startlab.diagnosis.stacks import is_in, line_of, own_line

if TYPE_CHECKING:
    from startlab.model import Process

MECHANISMS: Final = (
    Mechanism(
        "unfinished_tasks",
        advice="Call task_done() once for every get(), whatever happens to the item: in a "
        "`finally`.",
    ),
)


def find(case: Case) -> Cause | None:
    """See one wait in join() of a queue for tasks that those who took them never called done."""
    for process, thread in case.threads():
        shared = is_in(thread, "queues.py", "join")
        if not shared and not is_in(thread, "/queue.py", "join"):
            continue
        where = line_of(thread)
        takers = takers_of(case) if shared else _threads_that_take(process)
        text = "A queue's join() ends once task_done() was called for every item. "
        if takers:
            text += (
                f"Its consumers wait at {takers[0]} for the next: on some path through the loop "
                f"there (a continue, a break, an exception) task_done() is not called."
            )
        else:
            text += f"No {'process' if shared else 'thread'} takes from it any more."
        ended = next(
            (each for each in case.tracebacks if (each.child if shared else each.passing)), None
        )
        place = own_line(ended.frames) if ended and not takers else None
        why = f": what took one has ended with {ended.said}{at(place)}" if ended and place else ""
        left = None if why else _leaves_out(case, goes_on=bool(takers))
        if left is not None:
            why = f": `{case.sources.code(left)}` at {left} leaves it out"
        return Cause(
            "unfinished_tasks",
            f"{case.who(process)} waits at {where} for task_done(), which was not called for every "
            f"item of the queue{why}",
            text,
            place or left or where,
        )
    return None


def _leaves_out(case: Case, *, goes_on: bool) -> str | None:
    """Give the only line that leaves a loop, or `goes_on` in it, between get() and task_done()."""
    found = []
    leaves_by = "continue" if goes_on else "break|continue|return"
    for file in own_files(case.sources):
        source = case.sources.file(file)
        for done in source.all_mentions(r"\.task_done\("):
            loop = source.loop_of(done)
            gets = [each for each in source.all_mentions(r"\.get(_nowait)?\(") if each in loop]
            leaves = source.all_mentions(rf"^\s*({leaves_by})\b") if gets else []
            between = [each for each in leaves if min(gets) < each < done]
            found += [f"{file}:{each}" for each in between if not source.is_tried(each, done)]
    return found[0] if len(set(found)) == 1 else None


def _threads_that_take(process: Process) -> list[str]:
    """Give the lines at which threads of a process wait for an item of a queue of theirs."""
    lines = [line_of(thread) for thread in process.threads if is_in(thread, "/queue.py", "get")]
    return list(dict.fromkeys(line for line in lines if line))

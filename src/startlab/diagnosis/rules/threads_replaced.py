"""Threads that are none: a package has replaced them.

## What it sees
A program hangs, and its threads come from a package such as gevent or eventlet and not from Python.

## Why
After monkey patching, a thread is a green one: all of them take turns in one real thread. A pool's
threads, which wait in calls that were not replaced, stop all others by that.

## What to do
Use no `Pool` or executor in a patched process, but the package's own thread pool.

## Bad
```python
monkey.patch_all()
with multiprocessing.Pool() as pool:
    pool.map(work, items)
```

## Good
```python
monkey.patch_all()
gevent.get_hub().threadpool.map(work, items)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.stacks import line_of
from startlab.model import PatchedThreads

MECHANISMS: Final = (
    Mechanism(
        "threads_replaced",
        advice="Do not use a Pool, an executor or a Queue of multiprocessing in a patched process: "
        "use the package's own thread pool, or leave the program that has processes unpatched.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a hanging program has green threads."""
    clues = [each for each in case.clues(PatchedThreads) if each.what.startswith("threading.")]
    if not clues:
        return None
    by = clues[0].by
    root = case.root
    lines = [line for each in (root.threads if root else ()) if (line := line_of(each))]
    started = [start.where for start in case.trial.starts if start.where]
    where = next((each for each in (*lines, case.trial.where, *started) if each), None)
    calls = [each for each in Calls(case.sources).at_import() if each.package == by]
    patch = f" by `{calls[0].text}()` at {calls[0].where}" if calls else ""
    return Cause(
        "threads_replaced",
        f"{by} {where}",
        f"threads are {by}'s here{patch}, and one that waits for a process stops all others"
        + (f": the program does not get past {where}" if where else ""),
        f"`{clues[0].what}` is {by}'s: threads take turns in one real thread. multiprocessing "
        "starts threads that wait in read() or for a lock between processes, which lets no other "
        "thread run: the one that would send them something never does.",
        where,
    )

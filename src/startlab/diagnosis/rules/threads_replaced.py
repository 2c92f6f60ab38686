"""Threads that are not real threads: a package has replaced them.

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

import re
from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.libraries import package
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.stacks import line_of, own_line
from startlab.model import PatchedThreads

MECHANISMS: Final = (
    Mechanism(
        "threads_replaced",
        advice="Do not use a Pool, an executor or a Queue of multiprocessing in a patched process: "
        "use the package's own thread pool, or leave the program that has processes unpatched.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a program that hangs, or ends by multiprocessing's exception, has green threads."""
    clues = case.clues(PatchedThreads)
    found = next((each for each in clues if each.what.startswith("threading.")), None)
    if found is None:
        return None
    return _hung(case, found) if case.trial.outcome == "hang" else _raised(case, found)


def _hung(case: Case, found: PatchedThreads) -> Cause:
    root = case.root
    lines = [line for each in (root.threads if root else ()) if (line := line_of(each))]
    started = [start.where for start in case.trial.starts if start.where]
    where = next((each for each in (*lines, case.trial.where, *started) if each), None)
    return Cause(
        "threads_replaced",
        f"threads are {found.by}'s here{_patch(case, found)}, and one that waits for a process "
        "stops all others" + (f": the program does not get past {where}" if where else ""),
        f"`{found.what}` is {found.by}'s: threads take turns in one real thread. multiprocessing "
        "starts threads that wait in read() or for a lock between processes, which lets no other "
        "thread run: the one that would send them something never does.",
        where,
        key=f"{found.by} {where}",
    )


def _raised(case: Case, found: PatchedThreads) -> Cause | None:
    """See that multiprocessing raises, or the package itself."""
    for traceback in case.tracebacks:
        file = traceback.frames[-1][0] if traceback.frames else ""
        where = own_line(traceback.frames)
        if where is None or not (_PROCESSES.search(file) or package(file) == found.by):
            continue
        return Cause(
            "threads_replaced",
            f"threads and sockets are {found.by}'s here{_patch(case, found)}, and multiprocessing "
            f"cannot work with them: it raises {traceback.said} at {where}",
            f"`{found.what}` is {found.by}'s: threads take turns in one real thread, and sockets "
            "are other ones. multiprocessing is made for those of Python.",
            where,
            key=f"{found.by} {where}",
        )
    return None


_PROCESSES: Final = re.compile(r"/(multiprocessing|concurrent/futures)/\w+\.py$")


def _patch(case: Case, found: PatchedThreads) -> str:
    calls = [each for each in Calls(case.sources).at_import() if each.package == found.by]
    return f" by `{calls[0].text}()` at {calls[0].where}" if calls else ""

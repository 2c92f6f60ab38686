"""A queue into which nothing is put, or from which nothing is taken.

## What it sees
Threads wait in `get()` of a `queue.Queue` that is empty, or in `put()` of one that is full, and no
thread is left that would put or take. Or they wait in `put()` of a `multiprocessing.Queue`. Or the
main thread of a process waits in `get()`, and no other thread of it could put something.

## Why
`get()` waits for an item, and a thread that takes in a loop does not know that there is nothing
more. `put()` into a queue with a `maxsize` waits for room. A `queue.Queue` is for the threads of
one process: a forked child has a copy of it, and what one process puts into its own, the others
never see.

## What to do
Put one end mark (`None`) per thread that takes, and start what takes before what is put. Between
processes, use `multiprocessing.Queue`, and give it to the children as an argument.

## Bad
```python
threads = [threading.Thread(target=work, args=(jobs,)) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
```

## Good
```python
threads = [threading.Thread(target=work, args=(jobs,)) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in threads:
    jobs.put(None)
for thread in threads:
    thread.join()
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis import locks
from startlab.diagnosis.case import Case, Cause, called_on
from startlab.diagnosis.phrases import listed
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import all_written
from startlab.diagnosis.stacks import (
    is_helper,
    is_in,
    library_frames,
    line_of,
    own_frame,
    through,
)
from startlab.model import ThreadAtFork

if TYPE_CHECKING:
    from startlab.model import Process, Thread

MECHANISMS: Final = (
    Mechanism(
        "queue_stays_empty",
        advice="Put one end mark (None) for each thread that takes from the queue, before what "
        "waits for them; since Python 3.13 shutdown() of the queue ends all get().",
    ),
    Mechanism(
        "queue_stays_full",
        advice="Start what takes from the queue before it is filled, and let it take all that is "
        "put; or make the queue without a maxsize.",
    ),
    Mechanism(
        "too_many_marks",
        advice="Put one end mark for each that takes from the queue, and no more.",
    ),
    Mechanism(
        "queue_of_threads",
        advice="Use multiprocessing.Queue, and give it to the children as an argument.",
    ),
)


def find(case: Case) -> Cause | None:
    """See a process wait at a queue.Queue, which is its own, for what another one has put."""
    for process, thread in case.threads():
        if is_in(thread, "/queue.py", "get") and _is_alone(case, process, thread):
            where = line_of(thread)
            return Cause(
                "queue_of_threads",
                f"{case.who(process)} waits at {where} for an item of a queue.Queue, which is for "
                "the threads of one process",
                "A forked child has a copy of it: what one process puts into its own, the others "
                "never see.",
                where,
            )
    return None


def suspect(case: Case) -> Cause | None:
    """See threads wait for an item, or for room, in a queue of their process."""
    waiting = [(p, t, name) for p, t in case.threads() for name in [_waits_in(case, t)] if name]
    if not waiting:
        return None
    process, thread, method = waiting[0]
    where = line_of(thread) or ""
    same = [t for p, t, name in waiting if (p, name, line_of(t)) == (process, method, where)]
    name, made = called_on(case, thread, method)
    queue = (f"the queue `{name}`" if name else "a queue") + (f" (made at {made})" if made else "")
    who = f"{case.whose(process, thread)} waits"
    if len(same) > 1:
        who = f"{len(same)} threads of {case.who(process)} wait"
    other = "get" if method == "put" else "put"
    own = name.rpartition(".")[2]
    pattern = rf"\b{re.escape(own)}\.{other}(_nowait)?\b"  # it may be handed to iter()
    calls = all_written(case.sources, pattern) if own else []
    if method == "get":
        what, nothing = "into which nothing more is put", "Nothing in the program puts into it."
        if not calls:
            what = "into which nothing is put"
        done = "puts into it"
    else:
        what, nothing = "which is full and from which nothing is taken", "Nothing takes from it."
        done = "takes from it"
    alone = all(p == case.root or is_helper(t) for p, t in case.threads())
    if method == "put" and alone and re.search(r"\.put\(None\)", case.sources.code(where)):
        return Cause(
            "too_many_marks",
            f"{who} at {where} to put one more end mark into {queue}, which is full: all that took "
            "from it have ended",
            "Whoever takes a mark ends: of those that are more than the readers, only so many are "
            "put as the queue has room for.",
            where,
        )
    if calls:
        nothing = f"What {done} is at {listed(calls[:3])}, and no thread comes there any more."
    return Cause(
        "queue_stays_empty" if method == "get" else "queue_stays_full",
        f"{who} at {where} in {method}() of {queue}, {what}",
        nothing,
        where,
    )


def _is_alone(case: Case, process: Process, thread: Thread) -> bool:
    """Tell whether no thread of its process could put what a main thread waits for.

    Where the main thread has come to its end, what it would put, it has not put.
    """
    others = [each for each in process.threads if each != thread and own_frame(each)]
    is_main = thread.tid == process.pid
    return bool(case.trial.starts) and is_main and not others and not case.clues(ThreadAtFork)


def _waits_in(case: Case, thread: Thread) -> str | None:
    """Tell whether the program itself has a thread wait in get() or put() of a queue."""
    library = library_frames(thread)
    if own_frame(thread) is None or through(thread, "concurrent/futures", "pool.py", "logging"):
        return None
    if locks.waits_for_room(case, thread):
        return "put"
    for method in ("get", "put"):
        if is_in(thread, "/queue.py", method):
            return method
        made = None if library else called_on(case, thread, method)[1]
        if made and thread.wait is not None and thread.wait.kind == "lock":
            return method if re.search(r"\bSimpleQueue\(", case.sources.code(made)) else None
    return None

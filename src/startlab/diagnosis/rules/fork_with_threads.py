"""A fork of a process that has several threads.

## What it sees
A process has threads when it is forked, on a Python that warns of that, or the warning is made an
exception.

## Why
Python 3.12 and later have a `DeprecationWarning` for it, which the default filters hide: a lock
that such a thread holds at that moment stays held in the child forever.

## What to do
Start the processes before the threads, or use spawn.

## Bad
```python
threading.Thread(target=watch).start()
multiprocessing.Process(target=work).start()
```

## Good
```python
multiprocessing.Process(target=work).start()
threading.Thread(target=watch).start()
```
"""

from __future__ import annotations

from typing import Final

from packaging.version import Version

from startlab.diagnosis import at_fork
from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import at
from startlab.diagnosis.rule import BEFORE_FORK, Mechanism
from startlab.diagnosis.stacks import is_own, own_line
from startlab.model import NativeThreadsAtFork, ThreadAtFork

MECHANISMS: Final = (
    Mechanism("fork_with_threads", advice=BEFORE_FORK, experiment="fork_warning", against="fork"),
)


FORK_WARNS: Final = Version("3.12")
"""From here on a fork of a process with several threads warns (gh-100228)."""


def find(case: Case) -> Cause | None:
    """See that the warning is made an exception."""
    for traceback in case.tracebacks:
        if "is multi-threaded, use of fork() may lead to deadlocks" in traceback.exception.message:
            where = own_line(traceback.frames) or case.where
            return Cause(
                "fork_with_threads",
                f"the warning that fork meets several threads is made an exception{at(where)}",
                "From Python 3.12 on, a fork of a process with several threads warns; here the "
                "warning is an error.",
                where,
            )
    return None


def note(case: Case) -> Cause | None:
    """See a fork that Python warns of, or would with other filters."""
    there = case.environment
    if there is None or Version(there.python) < FORK_WARNS or "fork" not in case.trial.method_used:
        return None
    threads = [
        clue
        for clue in case.clues(ThreadAtFork)
        if clue.where and not at_fork.works_in_children(case, clue)
        if not _is_beside_pool(case, clue)
    ]
    native = [
        clue
        for clue in case.clues(NativeThreadsAtFork)
        if clue.libraries and not at_fork.works_in_children(case, clue)
    ]
    if not threads and not native:
        return None
    main = [f"the main thread at {t.where}" for t in threads if t.name == "MainThread"]
    who = main[:1] or list(dict.fromkeys(map(_told, threads)))[:2]
    began = next(filter(None, (at_fork.began(case, each) for each in native)), None)
    used = f", {began.told}" if began else ""
    who += [
        f"{each.number} native thread{'s' if each.number > 1 else ''} "
        f"({' '.join(each.libraries)}{used})"
        for each in native[:1]
    ]
    return Cause(
        "fork_with_threads",
        f"a process is forked while it has {' and '.join(who)}"
        + (", by another thread" if main else ""),
        "Python 3.12 and later issue a DeprecationWarning for that, which the default filters "
        "hide: "
        "a lock that such a thread holds at that moment stays held in the child forever.",
        _place(threads[0]) if threads else began and began.where,
        key="the main thread" if main else " ".join(who),  # which is anywhere by then
    )


def _is_beside_pool(case: Case, thread: ThreadAtFork) -> bool:
    """Tell whether a pool's own thread may have forked, to replace a worker: nobody can help that.

    The main thread is then another one, and so are the others that the pool has started.
    """
    lines = [start.where for start in case.trial.starts]
    return None in lines and (thread.name == "MainThread" or thread.started in lines)


def _place(thread: ThreadAtFork) -> str | None:
    """Give the line of the program that a thread was at, or else was started at."""
    return thread.where if is_own(thread.where) or not thread.started else thread.started


def _told(thread: ThreadAtFork) -> str:
    at = "at" if _place(thread) == thread.where else "started at"
    return f'thread "{thread.name}" {at} {_place(thread)}'

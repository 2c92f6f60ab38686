"""A lock, or a thread, that a fork left behind.

## What it sees
A forked child waits for a lock that only threads of its own process could release, and there is
none that would; or for a thread that it does not have.

## Why
A fork copies the memory of a process, with its locks as they are, and only the thread that forks.
What another thread held stays held in the child forever.

## What to do
Start the processes before the threads, make what has threads in the child, or use spawn.

## Bad
```python
threading.Thread(target=log_forever).start()
multiprocessing.Process(target=log_once).start()
```

## Good
```python
multiprocessing.Process(target=log_once).start()
threading.Thread(target=log_forever).start()
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis import at_fork
from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.libraries import package
from startlab.diagnosis.rule import BEFORE_FORK, USE_LATER, Mechanism
from startlab.diagnosis.stacks import (
    is_at,
    is_idle_loop,
    is_in,
    is_own,
    is_waiting,
    library_frames,
    line_of,
    through,
)
from startlab.model import NativeThreadsAtFork, OpenedBefore, ThreadAtFork

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Process, Thread


MECHANISMS: Final = (
    Mechanism("lock_held_at_fork", copied=True, advice=BEFORE_FORK, experiment="lock_held_at_fork"),
    Mechanism(
        "thread_gone_at_fork", copied=True, advice=BEFORE_FORK, experiment="thread_pool_after_fork"
    ),
    Mechanism(
        "library_threads_gone", copied=True, advice=USE_LATER, experiment="native_pool_after_fork"
    ),
    Mechanism(
        "logging_lock_at_fork", copied=True, advice=BEFORE_FORK, experiment="logging_lock_at_fork"
    ),
    Mechanism(
        "import_lock_at_fork",
        copied=True,
        advice="Import what the child needs before any thread is started.",
        experiment="import_at_fork",
    ),
    Mechanism(
        "file_lock_at_fork",
        copied=True,
        advice="Open the file in the child, or let no thread write while a process is started.",
        experiment="file_lock_at_fork",
    ),
    Mechanism(
        "lock_held_by_forker",
        copied=True,
        advice="Start the process outside of the lock.",
        experiment="lock_held_by_forker",
    ),
)


def find(case: Case) -> Cause | None:
    """See a forked child wait for a lock that nothing in it holds, or for a thread it lacks."""
    for process, thread in case.threads():
        if not case.is_fork(process):
            continue
        idle = _is_idle_alone(process, thread) and _of_libraries(case)
        if not is_waiting(thread, "lock") and not idle and not _asks_a_thread(case, thread):
            continue
        if not case.inherited_main and not case.clues(ThreadAtFork):
            continue
        if any(is_waiting(each, "pipe write", "socket write") for each in process.threads):
            continue
        if line_of(thread) is None:
            continue  # a thread of a library's that waits for work
        return _left_behind(case, thread)
    return None


def _asks_a_thread(case: Case, thread: Thread) -> bool:
    """Tell whether a library waits again and again, and a fork has left its thread.

    `Event.wait(0.1)` or `sleep(0.1)` in a loop of its ends only when that thread does what is
    waited for.
    """
    inside = library_frames(thread)
    by = package(inside[-1].file) if inside else ""
    waits = is_in(thread, "threading.py", "wait")
    asks = bool(inside) and package(inside[0].file) == by and case.trial.outcome == "hang"
    return (
        bool(by)
        and (waits or asks)
        and any(package(each.where or "") == by for each in case.clues(ThreadAtFork))
        and not _has_connection(case, by)
    )


def _has_connection(case: Case, by: str) -> bool:
    """Tell whether a library waits for what comes through a connection without any thread's help.

    One that has a thread for its connection starts it as it opens that.
    """
    started = {each.started for each in case.clues(ThreadAtFork)}
    opened = [each.where for each in case.clues(OpenedBefore) if each.by == by]
    return any(where is not None and where not in started for where in opened)


def _is_idle_alone(process: Process, thread: Thread) -> bool:
    """Tell whether a loop of asyncio has nothing left to do, in a process without other threads."""
    return (
        is_idle_loop(thread)
        and len(process.threads) == 1
        and not set(thread.waits_for) - {process.pid}
    )


def _of_libraries(case: Case) -> list[ThreadAtFork]:
    """Give the libraries' threads that a fork has left, which may call an event loop back."""
    return [each for each in case.clues(ThreadAtFork) if package(each.where or "")]


def _left_behind(case: Case, thread: Thread) -> Cause | None:
    where = line_of(thread)
    in_loop = is_waiting(thread, "poll")
    gone = _of_libraries(case) if in_loop else case.clues(ThreadAtFork)
    native = case.clues(NativeThreadsAtFork)
    library = library_frames(thread)
    top = thread.stack[0] if thread.stack else None
    in_code = case.sources.code(where)
    waits_for_work = (
        in_loop
        or bool(top and is_at(top, "threading.py", "wait"))
        or (not library and re.search(r"\.(get|result|wait|join)\(", in_code) is not None)
    )
    by = package(library[-1].file) if library else ""
    of_library = [each for each in gone if by and package(each.where or "") == by]
    gone = of_library or gone
    holder = _threads(gone, by)
    if of_library or (waits_for_work and gone):
        inside = f" in {by}" if by else ""
        is_native = bool(of_library) and at_fork.has_native(case, by)
        also = f" {by} has native threads too, which are not there either." if is_native else ""
        return Cause(
            "library_threads_gone" if is_native else "thread_gone_at_fork",
            f"{case.forked_child} waits at {where}{inside} for {holder}, which a fork does not "
            "copy",
            "A fork copies the memory of a process and only the thread that forks: nothing in the "
            f"child does the work of the others.{also}",
            where,
        )
    if through(thread, "logging/__init__.py"):
        mechanism, what = "logging_lock_at_fork", "a lock of logging"
    elif through(thread, "importlib", "_bootstrap"):
        mechanism, what = "import_lock_at_fork", "the lock of a module's import"
    elif re.search(r"\b(print|write|flush|writelines)\(", in_code) and not library:
        mechanism, what = "file_lock_at_fork", "the lock of a buffered file"
    elif not gone and not native and waits_for_work:
        return None  # nothing was left behind: it waits for what another one is to do
    elif not gone and not native:
        return Cause(
            "lock_held_by_forker",
            f"{case.forked_child} waits at {where} for a lock that was held when it was forked",
            "The process that forked held the lock itself, or a thread that had just ended did: "
            "the child has a copy of the lock, held, and nothing in it that could release it.",
            where,
        )
    else:
        mechanism, what = "lock_held_at_fork", "a lock"
    held = f"{holder} held it" if gone else "another thread held it"
    return Cause(
        mechanism,
        f"{case.forked_child} waits at {where} for {what} that was held when it was forked",
        f"When the child was forked, {held}. A fork copies the lock as it is, but not the thread "
        "that would release it.",
        where,
    )


def _threads(clues: Sequence[ThreadAtFork], waits_in: str) -> str:
    if not clues:
        return "another thread"
    clues = sorted(clues, key=_names_nothing)
    told = [_told(each, waits_in) for each in clues[: 1 if len(clues) > 2 else 2]]
    others = len(clues) - len(told)
    return " or ".join(told) + (f" or one of {others} others" if others else "")


def _names_nothing(clue: ThreadAtFork) -> tuple[bool, bool]:
    """Tell whether a thread has neither a line nor a library: a pool's own worker has none."""
    is_known = is_own(clue.where) or bool(package(clue.where or ""))
    return not (is_own(clue.where) or clue.started), not is_known


def _told(clue: ThreadAtFork, waits_in: str) -> str:
    name = f'thread "{clue.name}"' if clue.name != "?" else "a native thread"
    of = package(clue.where or "")
    name += f" of {of}" if of != waits_in else ""
    at = f" (then at {clue.where})" if clue.where else ""
    at = f" (started at {clue.started})" if clue.started and not is_own(clue.where) else at
    return f"{name}{at}"

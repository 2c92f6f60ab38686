"""Pools whose workers die, or whose results never come."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.causes.case import (
    Case,
    Cause,
    ended_by,
    first_line,
    line_of,
    may_end_by,
    own_exceptions,
    own_frame,
    own_line,
    through,
)
from startlab.causes.starts import differing_global

if TYPE_CHECKING:
    from startlab.model import Thread


def respawning(case: Case) -> Cause | None:
    """See a pool whose workers die at once and are replaced for ever."""
    if case.trial.grade != "respawning" or not case.tracebacks:
        return None
    last = next((each for each in case.tracebacks[::-1] if each.child), case.tracebacks[-1])
    said = f"{last.exception.type}: {first_line(last.exception.message)}"
    where = own_line(last.frames) or case.where
    code = " ".join(case.sources.code(f"{file}:{line}") for file, line in last.frames)
    missing = [
        clue
        for clue in case.clues("global")
        if re.search(rf"\b{re.escape(clue.name.rpartition('.')[2])}\b", code)
    ]
    if missing:
        again = f" Every worker raises {said}, at {where}, and the pool replaces it, for ever."
        return differing_global(case, missing, where, again)
    return Cause(
        "dying_workers",
        f"{last.exception.type} {where}",
        f"every worker of the pool dies of {said}" + (f" at {where}" if where else ""),
        "multiprocessing.Pool replaces a worker that dies, without a word and for ever; the tasks "
        "that it had are lost, and who waits for them waits on.",
        where,
    )


def lost_task(case: Case) -> Cause | None:
    """See that a worker of a Pool has ended with its task, or that a result could not be read."""
    waits = [
        (p, t) for p, t in case.threads() if through(t, "pool.py") and own_frame(t) is not None
    ]
    if not waits:
        return None
    where = line_of(waits[0][1])
    failed = _callback_failed(case, where)
    if failed is not None:
        return failed
    for traceback in case.tracebacks:
        if any(file.endswith("pool.py") for file, _ in traceback.frames) and traceback.passing:
            said = f"{traceback.exception.type}: {first_line(traceback.exception.message)}"
            return Cause(
                "unreadable_result",
                where or "",
                f"a result or exception of a pool's task cannot be unpickled, and {where} "
                "waits for it",
                f"The thread of the pool that reads results has ended with {said}. An exception "
                "whose class has its own __init__ must be made such that pickle can call it again."
                + own_exceptions(case, said),
                where,
            )
    died = case.died
    if not died and not case.tracebacks:
        return _failed_in_silence(case, where)
    ends = ", ".join(dict.fromkeys(ended_by(code) for _, code, _ in died)) or "an exception"
    return Cause(
        "lost_task",
        where or "",
        f"a worker of the pool has ended ({ends}) with its task, and {where} waits for the result",
        "multiprocessing.Pool replaces a worker that ends, but its task is lost, and nobody tells "
        "who waits for the result." + may_end_by(case),
        where,
    )


def _callback_failed(case: Case, waiting: str | None) -> Cause | None:
    """See that a callback has ended the thread of a pool that reads the results."""
    for traceback in case.tracebacks:
        of_pool = any(file.endswith("pool.py") for file, _ in traceback.frames)
        where = own_line(traceback.frames)
        if traceback.passing and of_pool and where:
            said = f"{traceback.exception.type}: {first_line(traceback.exception.message)}"
            return Cause(
                "callback_failed",
                where,
                f"the callback of a pool's task raises {said} at {where}, and {waiting} waits for "
                "results",
                f"{_ONE_THREAD} What it raises ends that thread, and no result comes any more.",
                where,
            )
    return None


_ONE_THREAD: Final = "A pool calls all callbacks in its one thread that reads results."


def _failed_in_silence(case: Case, waiting: str | None) -> Cause | None:
    """Suspect a callback where all workers wait for tasks: a pool passes over its KeyError."""
    workers = [thread for process, thread in case.threads() if process != case.root]
    idle = [t for t in workers if t.stack and _takes_a_task(t)]
    source = case.sources.file(case.sources.main)
    line = source.mentions(r"\bcallback\s*=\s*\w")
    if not workers or idle != workers or line is None:
        return None
    match = re.search(r"\bcallback\s*=\s*([\w.]+)", source.line(line))
    name = match[1].rpartition(".")[2] if match else ""
    defined = source.mentions(rf"\bdef {re.escape(name)}\b")
    where = f"{case.sources.main}:{defined or line}"
    return Cause(
        "callback_failed",
        where,
        f"all tasks of the pool are done, and {waiting} still waits for a result: its callback at "
        f"{where} must have raised a KeyError",
        f"{_ONE_THREAD} It passes over a KeyError there without a word, and the result that the "
        "callback was called for is never told.",
        where,
    )


def _takes_a_task(thread: Thread) -> bool:
    """Tell whether a worker of a pool waits for a task."""
    names = [each.file.rpartition("/")[2] for each in thread.stack]
    inside = names[: names.index("pool.py")] if "pool.py" in names else ["?"]
    return set(inside) <= {"queues.py", "connection.py", "synchronize.py"}


def lost_task_quietly(case: Case) -> Cause | None:
    """See that a worker has ended with exit status 0 in the middle of its task."""
    waits = [t for _, t in case.threads() if through(t, "pool.py") and own_frame(t) is not None]
    ended = [start for start in case.trial.starts if start.exit_code is not None]
    if not waits or not ended:
        return None
    where = line_of(waits[0])
    return Cause(
        "lost_task",
        where or "",
        f"a worker of the pool has ended with its task, and {where} waits for the result",
        "multiprocessing.Pool replaces a worker that ends, but its task is lost, and nobody tells "
        "who waits for the result." + may_end_by(case),
        where,
    )

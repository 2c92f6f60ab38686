"""A pool's task whose result never comes."""

from __future__ import annotations

from startlab.diagnosis.case import (
    Case,
    Cause,
    ended_by,
    may_end_by,
    own_exceptions,
    waits_for_pool,
)
from startlab.output.tracebacks import first_line


def lost_task(case: Case) -> Cause | None:
    """See that a worker of a Pool has ended with its task, or that a result could not be read."""
    where = waits_for_pool(case)
    if where is None:
        return None
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
        return None
    ends = ", ".join(dict.fromkeys(ended_by(code) for _, code, _ in died)) or "an exception"
    return Cause(
        "lost_task",
        where or "",
        f"a worker of the pool has ended ({ends}) with its task, and {where} waits for the result",
        "multiprocessing.Pool replaces a worker that ends, but its task is lost, and nobody tells "
        "who waits for the result." + may_end_by(case),
        where,
    )


def lost_task_quietly(case: Case) -> Cause | None:
    """See that a worker has ended with exit status 0 in the middle of its task."""
    where = waits_for_pool(case)
    ended = [start for start in case.trial.starts if start.exit_code is not None]
    if where is None or not ended:
        return None
    return Cause(
        "lost_task",
        where or "",
        f"a worker of the pool has ended with its task, and {where} waits for the result",
        "multiprocessing.Pool replaces a worker that ends, but its task is lost, and nobody tells "
        "who waits for the result." + may_end_by(case),
        where,
    )

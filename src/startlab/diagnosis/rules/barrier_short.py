"""A barrier that too few come to."""

from __future__ import annotations

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.stacks import is_at, library_frames, line_of


def barrier_short(case: Case) -> Cause | None:
    """See processes wait in a Barrier for more to come."""
    waiting = [
        (process, line_of(thread))
        for process, thread in case.threads()
        if any(is_at(each, "threading.py", "_wait") for each in library_frames(thread))
    ]
    if not waiting:
        return None
    process, where = waiting[0]
    who = case.who(process) if len(waiting) == 1 else f"{len(waiting)} processes or threads"
    return Cause(
        "barrier_short",
        where or "",
        f"{who} wait{'s' if len(waiting) == 1 else ''} at {where} in a Barrier, and no more come",
        "A Barrier lets nobody through before as many have come as it was made for.",
        where,
    )

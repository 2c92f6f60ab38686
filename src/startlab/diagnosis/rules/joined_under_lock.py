"""Waiting for a child while holding the lock that it needs."""

from __future__ import annotations

from startlab.diagnosis.case import Case, Cause, held_locks, joining
from startlab.diagnosis.stacks import is_at, library_frames, line_of, own_frames, through


def joined_under_lock(case: Case) -> Cause | None:
    """See the program wait for the end of a child while it holds the lock that this needs."""
    root = case.root
    joiner = joining(case)
    if joiner is None or not held_locks(case, joiner)[1]:
        return None
    for process, thread in case.threads():
        own = own_frames(thread)
        shared = "for a lock shared between processes" in thread.waits
        if process == root or not shared or not own or through(thread, "queues.py"):
            continue
        if any(is_at(each, "synchronize.py", "wait") for each in library_frames(thread)):
            continue
        where = line_of(joiner)
        return Cause(
            "joined_under_lock",
            where or "",
            f"the program waits at {where} for the end of a child, and holds the lock that the "
            f"child waits for at {line_of(thread)}",
            "The child cannot end before it has the lock, and the program keeps it until the child "
            "has ended.",
            where,
        )
    return None

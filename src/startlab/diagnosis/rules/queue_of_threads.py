"""A queue of threads that is used between processes."""

from __future__ import annotations

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.stacks import is_at, library_frames, line_of, own_frame


def queue_of_threads(case: Case) -> Cause | None:
    """See a process wait at a queue.Queue, which is its own, for what another one has put."""
    for process, thread in case.threads():
        if not any(is_at(each, "/queue.py", "get") for each in library_frames(thread)):
            continue
        others = [each for each in process.threads if each != thread and own_frame(each)]
        if others or not case.trial.starts or case.clues("thread at fork"):
            continue
        where = line_of(thread)
        return Cause(
            "queue_of_threads",
            where or "",
            f"{case.who(process)} waits at {where} for an item of a queue.Queue, which is for the "
            "threads of one process",
            "A forked child has a copy of it: what one process puts into its own, the others never "
            "see.",
            where,
        )
    return None

"""A pipe's end that another process inherited."""

from __future__ import annotations

from startlab.diagnosis.case import Case, Cause, pids_in
from startlab.diagnosis.stacks import line_of, through


def pipe_end_inherited(case: Case) -> Cause | None:
    """See a reader wait for the end of a pipe whose other end is open somewhere, maybe in it."""
    for process, thread in case.threads():
        if "from an empty" not in thread.waits and "for a pipe" not in thread.waits:
            continue
        if through(thread, "queues.py", "pool.py", "managers.py", "popen_"):
            continue
        where = line_of(thread)
        holders = pids_in(thread.wakers)
        itself = "this process itself" in thread.wakers or process.pid in holders
        siblings = len(holders - {process.pid}) > (0 if itself else 1)
        if where is None or not (itself or siblings):
            continue
        who = case.who(process)
        who_holds = "it has that end open itself" if itself else "other children have it open too"
        return Cause(
            "pipe_end_inherited",
            where,
            f"{who} reads at {where} from a pipe that nobody will write to or close",
            f"A reader sees the end of a pipe only when every copy of its other end is closed, and "
            f"{who_holds}. A forked child has a copy of every end that its parent had.",
            where,
        )
    return None

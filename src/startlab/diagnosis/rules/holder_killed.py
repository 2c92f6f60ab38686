"""A lock whose holder was killed."""

from __future__ import annotations

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.stacks import is_at, is_helper
from startlab.output import signals


def holder_ended(case: Case) -> Cause | None:
    """See a wait for a lock between processes, after the program has ended a child by a signal."""
    waiting = [
        thread
        for _, thread in case.threads()
        if "for a lock shared between processes" in thread.waits
        and not any(is_at(each, "synchronize.py", "wait") for each in thread.stack)
    ]
    ended = {str(s.child): s.exit_code for s in case.trial.starts if (s.exit_code or 0) < 0}
    sent = [clue for clue in case.clues("signal sent") if clue.child in ended]
    if not waiting or not sent or len(case.processes) > 1 + len(_helpers(case)):
        return None
    where = case.where or sent[0].where
    by = signals.name_of(ended[sent[0].child] or 0)
    return Cause(
        "holder_killed",
        where or "",
        f"the program waits at {where} for a lock of a child that it has ended itself ({by}"
        + (f", at {sent[0].where}" if sent[0].where else "")
        + "), while that held it",
        "A lock between processes is not released when the process that holds it is killed, as "
        "terminate() and the end of a pool's `with` block do; a queue has such locks inside, "
        "which its feeder thread and every reader take.",
        where,
    )


def _helpers(case: Case) -> list[int]:
    return [process.pid for process in case.trial.processes if any(map(is_helper, process.threads))]

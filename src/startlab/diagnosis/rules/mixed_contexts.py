"""Objects of one start method, used with another."""

from __future__ import annotations

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.stacks import own_line
from startlab.output import signals


def mixed_contexts(case: Case) -> Cause | None:
    """See that what was made for fork is given to a spawned process, or the other way round."""
    text = "SemLock created in a fork context"
    told = [each for each in case.tracebacks if text in each.exception.message]
    clues = case.clues("other context")
    crashed = case.trial.outcome == "crash" and any(
        signals.name_of(code) in signals.CRASHES for _, code, _ in case.died
    )
    if not told and not (clues and crashed):
        return None
    where = clues[0].where if clues else own_line(told[-1].frames)
    made = f"`{clues[0].name}()`, made at {where} for {clues[0].parent}," if clues else "a lock"
    other = clues[0].child if clues else "another method"
    return Cause(
        "mixed_contexts",
        where or "",
        f"{made} is used in processes started by {other}",
        "A lock, queue or value belongs to the context that made it. One of fork's has no name "
        "by which a spawned process could open it: Python 3.11.5 and later refuse it, older ones "
        "die by a signal.",
        where,
    )

"""Children that could not go on, and that the program gave up and ended: what they were in."""

from __future__ import annotations

import msgspec

from startlab.causes.case import Case, Cause
from startlab.causes.locks import left_behind_by_fork, locks_among_themselves


def given_up(case: Case) -> Cause | None:
    """See what a child was in that the program waited for no longer."""
    if not case.trial.stuck:
        return None
    # As if the program had waited on.
    hang = msgspec.structs.replace(
        case.trial, outcome="hang", processes=case.trial.stuck, where=None
    )
    for rule in (locks_among_themselves, left_behind_by_fork):
        cause = rule(Case(hang, case.sources))
        if cause is not None:
            return cause._replace(text=f"{cause.text} {_ended(case)}")
    return None


def _ended(case: Case) -> str:
    stuck = {str(process.pid) for process in case.trial.stuck}
    sent = [clue for clue in case.clues("signal sent") if clue.child in stuck]
    if not sent:
        return "The program did not wait for it to the end."
    at = f" at {sent[0].where}" if sent[0].where else ", at its own end"
    return f"The program gave it up and ended it{at}."

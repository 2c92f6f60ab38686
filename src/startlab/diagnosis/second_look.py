"""Which rule explains a trial; and those that run the rules again on a changed case.

These are of a child that the program gave up and killed, and of an exception that only a child saw.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rules import CRASH, ERROR, FILES, HANG, OUTPUT, START, OfOutput
from startlab.diagnosis.rules.lock_held_at_fork import left_behind_by_fork
from startlab.diagnosis.rules.lock_order import locks_among_themselves
from startlab.diagnosis.stacks import own_line
from startlab.output.compare import Difference
from startlab.output.tracebacks import first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from startlab.model import ClueKind


def _child_raised(case: Case, _: Difference) -> Cause | None:
    if not any(each.child for each in case.tracebacks):
        return None
    looked = case.clues("exit code read")
    ends = "The exit status is 0 all the same" + ("." if looked else _NOBODY)
    for rule in _OF_ERROR:
        cause = rule(case)
        if cause is not None and cause.mechanism not in ("exception", "exit_status"):
            return cause._replace(text=f"{cause.text} {ends}")
    last = next((e for e in case.tracebacks if e.child and own_line(e.frames)), None)
    if last is None:
        return None  # of the standard library's own, like the resource tracker's at its end
    # The main module has another name in a child that has imported it.
    kind = re.sub(r"^__(mp_)?main__\.", "", last.exception.type)
    said = f"{kind}: {first_line(last.exception.message)}"
    where = own_line(last.frames)
    return Cause(
        "exit_0_in_spite",
        f"{kind} {where}",
        f"a child raises {said} at {where}, and the exit status is 0 all the same",
        f"The program reads the child's exit code at {looked[0].where}."
        if looked
        else "Nobody looks at the child's exit code: Process.exitcode is other than 0 after "
        "join().",
        where,
    )


_NOBODY: Final = ": nobody looks at the child's."


def unseen(case: Case) -> Cause | None:
    """Explain an exception of a child that neither the exit status shows, nor anybody has seen."""
    cause = _child_raised(case, Difference((), ()))
    mechanism = cause.mechanism if cause is not None else ""
    if mechanism == "exit_0_in_spite" and case.clues("exit code read"):
        return None  # children that fail are what the program is made for
    return cause


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


_OF_ERROR: Final = (*START, given_up, *ERROR)

DIFFERING: Final[tuple[tuple[tuple[ClueKind, ...], OfOutput], ...]] = (
    ((), lambda case, _: given_up(case)),
    *FILES,
    ((), _child_raised),
    *OUTPUT,
)
"""Why an output is another, the strongest reason first, and the clues that each goes by."""


def explain(case: Case) -> Cause:
    """Find the cause of a trial that is a hang, a crash, an error or undecided."""
    rules: dict[str, Sequence[Callable[[Case], Cause | None]]] = {
        "hang": HANG,
        "crash": CRASH,
        "error": _OF_ERROR,
    }
    for rule in rules.get(case.trial.outcome, ()):
        cause = rule(case)
        if cause is not None:
            return cause
    trial = case.trial
    key = "" if trial.outcome == "undecided" else trial.reason
    return Cause(trial.outcome, key, trial.reason or trial.outcome, where=case.where)

"""Why trials hang, crash, fail, or do not print what was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from startlab.diagnosis.finding import BROKEN, Found, by_cause
from startlab.diagnosis.rules import MECHANISMS
from startlab.results.summary import WELL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.diagnosis.case import Case, Cause
    from startlab.diagnosis.seen import Seen
    from startlab.model import Trial


def find(seen: Seen) -> list[Found]:
    """Explain each trial by itself; one that shows but a symptom, by another of its cell."""
    found: list[tuple[Trial, Cause | None]] = []
    for trial in seen.trials:
        if trial.outcome in (*BROKEN, "undecided"):
            explain = _wrong if trial.outcome == "wrong" else _explained
            cause = explain(seen, trial) or seen.rules.first("unknown", seen.case(trial))
            found.append((trial, cause))
    causes = ((_by_another(trial, cause, found) or cause, trial) for trial, cause in found)
    return [Found(cause, trials) for cause, trials in by_cause(causes)]


def _explained(seen: Seen, trial: Trial) -> Cause | None:
    """Explain a hang, a crash or an error."""
    case = seen.case(trial)
    if trial.outcome == "undecided":
        return _raised_all_the_same(seen, case)
    if trial.outcome not in ("hang", "crash", "error"):
        return None
    cause = seen.rules.first(trial.outcome, case)
    if cause is not None and _fails_everywhere(seen, trial):
        every = seen.rules.every(trial.outcome, case)
        cause = next((each for each in every if not _is_of_import(each)), cause)
    cause = _why_chosen(seen, trial, cause) if cause is not None and cause.chosen else cause
    return seen.confirmed(trial, cause) or cause


def _raised_all_the_same(seen: Seen, case: Case) -> Cause | None:
    """Explain what children raise here alone, where it is open whether the program would end."""
    trial = case.trial
    well = [e for e in seen.by_environment[trial.environment] if e.outcome in WELL]
    raised_there = {each.said for one in well for each in seen.case(one).of_children}
    if not well or raised_there.issuperset(each.said for each in case.of_children):
        return None
    cause = case.again("hang", outcome="hang")
    if cause is None or _is_symptom(cause):
        return None
    return cause._replace(text=f"{cause.text} The trial was {trial.reason}.")


def _fails_everywhere(seen: Seen, trial: Trial) -> bool:
    """Tell whether the same exception at the same line ends it under fork and elsewhere."""
    every = seen.by_environment[trial.environment]
    ends = {(each.exception, each.where) for each in every}
    methods = {method for each in every for method in each.method_used}
    return len(ends) == 1 and trial.exception is not None and {"fork"} < methods


def _why_chosen(seen: Seen, trial: Trial, cause: Cause) -> Cause:
    """Explain an end of the program's own choice that is another under some start method."""
    others = [e for e in seen.by_environment[trial.environment] if e.outcome in WELL]
    if not others:
        return cause
    why = seen.why_other(trial, others)
    if why is not None:
        return why[1]._replace(text=f"{why[1].text} In this run the result is: {cause.title}.")
    case = seen.case(trial, others, against=seen.cells_of(others))
    return seen.rules.first("chosen", case) or cause


def _wrong(seen: Seen, trial: Trial) -> Cause | None:
    """Explain an output that is not what the user gave."""
    if len({each.output_group for each in seen.by_cell[trial.cell]}) > 1:
        race = seen.rules.first("race", seen.case(trial))
        if race is not None:
            return race
    right = [each for each in seen.trials if each.outcome == "ok"]
    why = seen.why_other(trial, right, seen.wanted or "")
    cause = None if why is None or _is_so_under_fork(seen, trial, why[1]) else why[1]
    if cause is None and not right:
        cause = seen.rules.first("wrong", seen.case(trial))
    return seen.confirmed(trial, cause) or cause


def _is_so_under_fork(seen: Seen, trial: Trial, cause: Cause) -> bool:
    """Tell whether a forked child prints the same, though the cause is what forks do not do."""
    return _is_of_import(cause) and any(
        each.method_used == ("fork",) and each.output_group == trial.output_group
        for each in seen.by_environment[trial.environment]
    )


def _is_of_import(cause: Cause) -> bool:
    return MECHANISMS[cause.mechanism].imported


def _by_another(
    trial: Trial, cause: Cause | None, found: Sequence[tuple[Trial, Cause | None]]
) -> Cause | None:
    """Give the cause of a trial of the same cell that ended alike, where there is but a symptom.

    What tells the cause is not seen each time: a thread may be between two waits.
    """
    if cause is None or not _is_symptom(cause):
        return None
    ended = trial.outcome, trial.exception and trial.exception.type
    return next(
        (
            other
            for each, other in found
            if each.cell == trial.cell and other is not None and not _is_symptom(other)
            if (each.outcome, each.exception and each.exception.type) == ended
        ),
        None,
    )


def _is_symptom(cause: Cause) -> bool:
    mechanism = MECHANISMS[cause.mechanism]
    return mechanism.symptom or not mechanism.explains

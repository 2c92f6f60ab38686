"""Outcomes of many cells → causes, each told once, with place and cure.

A cause is found for each trial by itself, by the rules; trials with the same cause are one finding.
Where all trials are ok, but do not print the same, their outputs are compared. No rule is known
here by its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from startlab.diagnosis import differing, failing
from startlab.diagnosis.case import forked_with_threads
from startlab.diagnosis.finding import RANK, Found, advised, by_cause, tell
from startlab.diagnosis.rules import MECHANISMS
from startlab.diagnosis.seen import Seen
from startlab.model import START_METHODS
from startlab.results.summary import WELL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.diagnosis.case import Cause
    from startlab.diagnosis.rule import Rules
    from startlab.model import Finding, Method, Run, Trial


def find(run: Run, rules: Rules, *, broken: frozenset[Method] = frozenset()) -> tuple[Finding, ...]:
    """Find the causes of all that is not as it should be, the most important first.

    Notes, about what is harmless here and now, come last. No start method is advised that is
    `broken` for others.
    """
    if run.header.program is None:
        return ()
    seen = Seen(run, run.header.program, rules)
    causes = [*failing.find(seen), *differing.find(seen), *_unseen(seen)]
    found = [tell(seen, each) for each in causes]
    told = {(each.mechanism, each.where) for each in found}
    notes = [tell(seen, each) for each in _notes(seen)]
    notes = [each for each in notes if (each.mechanism, each.where) not in told]
    well = [each for each in _well(seen, notes) if each not in broken]
    found = [advised(seen, each, well) for each in found]
    return (*sorted(found, key=_importance), *sorted(notes, key=_importance))


def _importance(finding: Finding) -> tuple[int, int]:
    return RANK.index(finding.outcome), -len(finding.cells)


def _unseen(seen: Seen) -> list[Found]:
    """Tell of exceptions in children that the exit status does not show."""
    if any(trial.outcome == "differs" for trial in seen.trials):
        return []  # then that is told as the cause of it
    ok = [trial for trial in seen.trials if trial.outcome == "ok"]
    found = [(seen.rules.first("unseen", seen.case(trial)), trial) for trial in ok]
    causes = by_cause(
        (cause and (seen.confirmed(trial, cause) or cause), trial) for cause, trial in found
    )
    return [Found(*each, verb="goes on after an exception") for each in causes]


def _notes(seen: Seen) -> list[Found]:
    """Tell of what is harmless here and now."""
    causes = by_cause((cause, trial) for trial in seen.trials for cause in _harmless(seen, trial))
    return [Found(*each, note=True) for each in causes]


def _harmless(seen: Seen, trial: Trial) -> list[Cause]:
    case = seen.case(trial)
    found = seen.rules.every("any", case)
    return found + seen.rules.every("ok", case) if trial.outcome in WELL else found


def _well(seen: Seen, notes: Sequence[Finding]) -> list[Method]:
    """Give the start methods whose trials are all ok, and that no note speaks against."""
    against = {MECHANISMS[each.mechanism].against for each in notes}
    against |= {"fork"} if forked_with_threads(seen.trials) else set()
    bad = {
        each.method
        for each in seen.trials
        if each.outcome not in WELL or set(each.method_used) - {each.method}
    }
    ran = {each.method for each in seen.trials} - against
    return [method for method in START_METHODS if method in ran - bad]

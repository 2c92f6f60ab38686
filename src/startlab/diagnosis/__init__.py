"""Why a run of a program came out as it did: `diagnose(run)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from startlab.model import Finding, Run


class Diagnosis(NamedTuple):
    """What was found out about a run of a user's program; of the catalogue there is nothing.

    `answer` is one line: where the program is safe, and where it breaks. `beyond` says what was not
    tried, `caveats` what may be missing of the findings.
    """

    findings: tuple[Finding, ...] = ()
    answer: str = ""
    beyond: str | None = None
    caveats: tuple[str, ...] = ()


def diagnose(run: Run) -> Diagnosis:
    """Find out why a run came out as it did: once, for every report of it."""
    if run.header.program is None:
        return Diagnosis()
    from startlab.diagnosis import answer, findings, suites  # slow to import
    from startlab.diagnosis.rule import Rules
    from startlab.diagnosis.rules import ORDER

    rules = Rules(ORDER)
    found = suites.find(run, rules) if suites.is_suite(run) else findings.find(run, rules)
    return Diagnosis(found, answer.answer(run, found), answer.beyond(run), rules.caveats)

"""Why a run of a program came out as it did: `diagnose(run)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from startlab.diagnosis import answer, findings
from startlab.diagnosis.rule import Rules
from startlab.diagnosis.rules import ORDER

if TYPE_CHECKING:
    from startlab.model import Finding, Run


class Diagnosis(NamedTuple):
    """What was found in a run of a program; `caveats` say what may be missing of it."""

    findings: tuple[Finding, ...]
    answer: str | None
    beyond: str | None
    caveats: tuple[str, ...]


def diagnose(run: Run) -> Diagnosis:
    """Find the causes, the answer in one line, and what was not tried; nothing of the catalogue."""
    rules = Rules(ORDER)
    found = findings.find(run, rules)
    if run.header.program is None:
        return Diagnosis(found, None, None, ())
    return Diagnosis(found, answer.answer(run, found), answer.beyond(run), rules.caveats)

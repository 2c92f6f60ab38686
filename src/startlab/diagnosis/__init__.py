"""Why a run of a program came out as it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from startlab.model import Finding, Run


class Diagnosis(NamedTuple):
    """What was found out about a run of a user's program; of the catalogue there is nothing.

    `answer` is one line: where the program is safe, and where it breaks. `beyond` says what was not
    tried.
    """

    findings: tuple[Finding, ...] = ()
    answer: str = ""
    beyond: str | None = None


def diagnose(run: Run) -> Diagnosis:
    """Find out why a run came out as it did: once, for every report of it."""
    if run.header.program is None:
        return Diagnosis()
    from startlab.diagnosis import findings  # slow to import

    found = findings.find(run)
    return Diagnosis(found, findings.answer(run, found), findings.beyond(run))

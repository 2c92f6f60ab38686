"""A run as one JSON document: its journal, and what it comes to.

`document.schema.json` beside this file describes it.
"""

from __future__ import annotations

from typing import IO, Literal

import msgspec

from startlab import findings, journal
from startlab.model import (
    Cell,
    End,
    Finding,
    Outcome,
    PlannedEnvironment,
    Run,
    RunHeader,
    Trial,
)
from startlab.summary import summarise


class CellResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the trials of a planned cell came to.

    `count` of its `trials` had the `outcome`; `interval` is the 95 % confidence interval of that
    share, None of fewer than two trials.
    """

    cell: Cell
    outcome: Outcome | Literal["missing"]
    as_expected: bool
    reason: str
    trials: int
    count: int
    interval: tuple[float, float] | None


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A run with its trials, what every planned cell came to, and what was found.

    `findings` and `answer`, one line, are of a user's own program.
    """

    header: RunHeader
    environments: tuple[PlannedEnvironment, ...]
    cells: tuple[CellResult, ...]
    trials: tuple[Trial, ...]
    findings: tuple[Finding, ...]
    answer: str | None
    ends: tuple[End, ...]
    damaged_lines: int
    caveats: tuple[str, ...]


def of(run: Run) -> Document:
    """Make the document of a run."""
    found = findings.find(run)
    return Document(
        header=run.header,
        environments=run.environments,
        cells=tuple(
            CellResult(
                cell=each.cell,
                outcome=each.outcome,
                as_expected=each.as_expected,
                reason=each.reason,
                trials=len(each.trials),
                count=each.count,
                interval=each.interval,
            )
            for each in summarise(run)
        ),
        trials=run.trials,
        findings=found,
        answer=findings.answer(run, found) if run.header.program else None,
        ends=run.ends,
        damaged_lines=run.damaged_lines,
        caveats=run.caveats,
    )


def write(run: Run, file: IO[str]) -> None:
    """Write the document of a run, on one line."""
    file.write(msgspec.json.encode(of(run)).decode() + "\n")


def schema() -> bytes:
    """Give the JSON Schema of the document, as it is in `document.schema.json`."""
    return journal.schema_of(Document, "A run of startlab")

"""A run as one JSON document: its journal, and what it comes to.

`document.schema.json` beside this file describes it.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Literal

import msgspec

from startlab.model import Cell, End, Finding, Outcome, PlannedEnvironment, Run, RunHeader, Trial
from startlab.results import journal
from startlab.results.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from startlab.diagnosis import Diagnosis
    from startlab.results.summary import CellSummary


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


def pieces(run: Run, diagnosis: Diagnosis) -> Iterator[bytes]:
    """Give the document piece by piece: each environment, cell and trial is a line of its own."""
    arrays: dict[str, Iterable[object]] = {
        "environments": run.environments,
        "cells": map(_result, summarise(run)),
        "trials": run.trials,
        "findings": diagnosis.findings,
        "ends": run.ends,
        "caveats": (*run.caveats, *diagnosis.caveats),
    }
    yield b'{"header":' + msgspec.json.encode(run.header)
    for name, values in arrays.items():
        yield f',\n"{name}":['.encode()
        for number, value in enumerate(values):
            yield (b",\n" if number else b"\n") + msgspec.json.encode(value)
        yield b"]"
    yield f',\n"damaged_lines":{run.damaged_lines},\n"answer":'.encode()
    yield msgspec.json.encode(diagnosis.answer or None) + b"}\n"


def _result(each: CellSummary) -> CellResult:
    return CellResult(
        cell=each.cell,
        outcome=each.outcome,
        as_expected=each.as_expected,
        reason=each.reason,
        trials=len(each.trials),
        count=each.count,
        interval=each.interval,
    )


def write(run: Run, diagnosis: Diagnosis, file: IO[str]) -> None:
    """Write the document of a run."""
    for piece in pieces(run, diagnosis):
        file.write(piece.decode())


def schema() -> bytes:
    """Give the JSON Schema of the document, as it is in `document.schema.json`."""
    return journal.schema_of(Document, "A run of startlab")

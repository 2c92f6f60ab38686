"""What report.js shows: an index of all cells, and packs of the journal's records."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from startlab import measurements
from startlab.environments import sort_key
from startlab.model import METHODS, OUTCOMES
from startlab.report import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from startlab.measurements import Level
    from startlab.model import Run
    from startlab.report.html.page import Subject
    from startlab.summary import CellSummary

PACK: Final = 200
"""Cells whose trials are in one pack."""

LONGEST: Final = 300
"""Characters of a reason in the index; the trial has the whole of it."""

_NUMBERED: Final = re.compile(r"\b(pids?|child|process|thread) \d+(, \d+)*")


class Pack(NamedTuple):
    """JSON as DEFLATE has it, in base64: a fifth of the size, and nothing in it is HTML."""

    id: str
    content: str


# --- the index ---------------------------------------------------------------------------------


def index(run: Run, cells: Sequence[CellSummary], subjects: Sequence[Subject]) -> dict[str, Any]:
    """Give what the matrix is drawn and filtered from; cells are columns of small numbers."""
    names = sorted({each.name for each in run.environments}, key=sort_key)
    known = {planned.name: planned.environment for planned in run.environments}
    return {
        "run": run.header.id,
        "isProgram": run.header.program is not None,
        "outcomes": [*OUTCOMES, "missing"],
        "glyphs": text.GLYPHS,
        "methods": METHODS,
        "groups": {each.group: each.heading for each in subjects},
        "subjects": [(each.name, each.title, each.group) for each in subjects],
        "environments": [
            {
                "name": name,
                "family": sort_key(name)[0],
                "environment": msgspec.to_builtins(known[name]),
            }
            for name in names
        ],
        "packSize": PACK,
        **_columns(cells, subjects, names),
        "levels": [_level(level) for level in measurements.levels(run)],
    }


def _columns(
    cells: Sequence[CellSummary], subjects: Sequence[Subject], names: Sequence[str]
) -> dict[str, Any]:
    reasons: dict[str, int] = {"": 0}
    places = [
        {name: number for number, name in enumerate(column)}
        for column in ([each.name for each in subjects], names, METHODS, [*OUTCOMES, "missing"])
    ]
    return {
        "cells": {
            "subject": [places[0][each.cell.experiment] for each in cells],
            "environment": [places[1][each.cell.environment] for each in cells],
            "method": [places[2][each.cell.method] for each in cells],
            "outcome": [places[3][each.outcome] for each in cells],
            "asExpected": [int(each.as_expected) for each in cells],
            "count": [each.count for each in cells],
            "trials": [len(each.trials) for each in cells],
            "reason": [reasons.setdefault(alike(each), len(reasons)) for each in cells],
        },
        "reasons": list(reasons),
        "intervals": {
            number: [_short(share) for share in each.interval]
            for number, each in enumerate(cells)
            if each.interval is not None
        },
        "outputs": _outputs(cells),
    }


def _outputs(cells: Sequence[CellSummary]) -> list[str] | None:
    """Give the letters of the outputs of each cell, if they are not all the same."""
    found = [{trial.output_group for trial in each.trials} - {None} for each in cells]
    if len(set().union(*found)) < 2:
        return None
    return [" ".join(sorted(filter(None, letters))) for letters in found]


def alike(each: CellSummary) -> str:
    """Give a cell's reason with its place, the same for all that differ but in process ids."""
    reason = _NUMBERED.sub(r"\1 …", text.one_line(each.reason, LONGEST))
    where = text.one_line(each.first.where or "", LONGEST) if each.first else ""
    return f"{reason} ({where})" if where and where not in reason else reason


def _level(level: Level) -> dict[str, Any]:
    return {
        **msgspec.to_builtins(level),
        "values": [_short(value) for value in level.values],
    }


def _short(value: float) -> float:
    return float(f"{value:.4g}")


# --- the packs ---------------------------------------------------------------------------------


def packs(cells: Sequence[CellSummary], subjects: Sequence[Subject]) -> Iterator[Pack]:
    """Give the subjects, then the trials of all cells in their order, `PACK` cells at a time."""
    yield Pack("subjects", packed([each.details for each in subjects]))
    for number, first in enumerate(range(0, len(cells), PACK)):
        of = [each.trials for each in cells[first : first + PACK]]
        yield Pack(f"trials-{number}", packed(of))


def packed(value: object) -> str:
    """Pack a value as report.js unpacks it."""
    return b64encode(zlib.compress(_json(value), 9)).decode()


def embedded(value: object) -> str:
    """Give a value as JSON that can stand in a page's script element, whatever is in it."""
    content = _json(value).decode()
    for character in "<>&\u2028\u2029":
        content = content.replace(character, f"\\u{ord(character):04x}")
    return content


def _json(value: object) -> bytes:
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:  # half a character, from a file's name that is no text
        return json.dumps(msgspec.to_builtins(value)).encode()

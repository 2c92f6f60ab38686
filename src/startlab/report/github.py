"""A run in a log of GitHub Actions: what can be folded is, and errors stand at their lines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from startlab import catalogue
from startlab.report import finding, text
from startlab.results.summary import summarise
from startlab.results.trials import by_cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from startlab.diagnosis import Diagnosis
    from startlab.model import Cell, Run
    from startlab.results.summary import CellSummary

MOST: Final = 10
"""GitHub shows that many annotations of a step."""

MOST_NAMED: Final = 6
NOT_RUN: Final = ("unavailable", "missing")


def is_here() -> bool:
    """Tell whether this is a job of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def group(title: str) -> str:
    """Give the command that begins what can be unfolded; `::endgroup::` ends it."""
    return f"::group::{_data(title)}"


def errors(run: Run, diagnosis: Diagnosis) -> Iterator[str]:
    """Give a command for each reason why cells are not as expected, as many as GitHub shows.

    Of a user's program that is each finding.
    """
    found = [each for each in diagnosis.findings if not each.note]
    trials = dict(by_cell(run)) if found else {}
    for each in found[:MOST]:
        said = [f"{label}: {said}" for label, said in finding.explanation(each)]
        said.append(f"Seen in: {', '.join(_name(found.cell) for found in each.cells)}")
        said += [f"Reproduce: {again}"] if (again := finding.reproduce(trials, each)) else []
        yield _command(_place(run, each.where, "") | {"title": each.title}, "\n".join(said))
    if not found:
        yield from _deviations(run)


def _name(cell: Cell) -> str:
    return f"{cell.environment} × {cell.method}"


def _deviations(run: Run) -> Iterator[str]:
    reasons: dict[tuple[str, str, str], list[CellSummary]] = {}
    for each in summarise(run):
        if not each.as_expected:
            what = "" if each.outcome in NOT_RUN else each.cell.experiment
            reasons.setdefault((what, each.word, each.reason), []).append(each)
    ordered = sorted(reasons.items(), key=lambda item: item[1][0].outcome in NOT_RUN)
    for (what, word, reason), cells in ordered[:MOST]:
        title = {"title": f"{what or f'{len(cells)} cells'}: {word}"}
        first = cells[0].first
        properties = _place(run, first.where if first else None, what) | title
        yield _command(properties, _message(reason, cells))


def _command(properties: Mapping[str, str], message: str) -> str:
    said = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::error {said}::{_data(message)}"


def _message(reason: str, cells: Sequence[CellSummary]) -> str:
    names = [
        f"{each.cell.experiment} × {each.cell.environment} × {each.cell.method}" for each in cells
    ]
    where = ", ".join(names[:MOST_NAMED])
    if len(names) > MOST_NAMED:
        where += f" and {len(names) - MOST_NAMED} more"
    first = cells[0].first
    return "\n".join(filter(None, (reason, where, first.reproduce if first else "")))


def _place(run: Run, where: str | None, experiment: str) -> dict[str, str]:
    """Find the file of the repository in which the line is, if it is in it."""
    name, _, line = (where or "").rpartition(":")
    if not (name and line.isdecimal()):
        return {}
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    folder = catalogue.ROOT / experiment.partition(":")[0]
    program = run.header.program
    if program is not None:
        folder = Path(program.root, program.folder)
    for root in (folder, Path.cwd(), workspace):
        try:
            file = (root / name).resolve()
            if file.is_file() and file.is_relative_to(workspace):
                return {"file": file.relative_to(workspace).as_posix(), "line": line}
        except (OSError, ValueError):
            continue  # no name of a file at all
    return {}


def _data(said: str) -> str:
    """Escape a message as @actions/core does."""
    return text.excerpt(said).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(said: str) -> str:
    return _data(said).replace(":", "%3A").replace(",", "%2C")

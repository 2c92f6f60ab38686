"""What a run is about: experiments with their texts, or a program with its source."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from startlab import catalogue
from startlab.program.decoded import decoded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from startlab.model import Experiment, Program, Run
    from startlab.results.summary import CellSummary


LONGEST_SOURCE: Final = 200_000
"""Bytes of a user's program that are shown."""


# --- what the cells are runs of ----------------------------------------------------------------


class Subject(NamedTuple):
    """An experiment, a user's program or a test of it; `details` are what its own page shows.

    `label` is what it is called below its `heading`, if that is not its name.
    """

    name: str
    title: str
    group: str
    heading: str
    details: dict[str, Any]
    label: str = ""


def subjects(run: Run, cells: Iterable[CellSummary]) -> tuple[Subject, ...]:
    """List what the cells are runs of, in the order in which a person reads of it."""
    names = dict.fromkeys(each.cell.experiment for each in cells)
    if run.header.program is not None:
        details = _program(run.header.program, run.header.started)
        return tuple(_of_program(name, run.header.program, details) for name in names)
    known = {each.name: each for each in catalogue.load(catalogue.ROOT)}
    order = {group: number for number, group in enumerate(catalogue.GROUPS)}
    here = sorted((known[name] for name in names if name in known), key=lambda e: order[e.group])
    return (
        *(_experiment(each, known[each.name.partition(":")[0]]) for each in here),
        *(
            Subject(name, "", "gone", "No longer in the catalogue", {})
            for name in names
            if name not in known
        ),
    )


def _of_program(name: str, program: Program, details: dict[str, Any]) -> Subject:
    """Give a program; or a test, which stands below its file."""
    file, _, test = name.partition("::")
    if not test:
        return Subject(name, program.command, "", "", details)
    return Subject(name, program.command, file, file, details, test)


def _experiment(experiment: Experiment, whole: Experiment) -> Subject:
    """Give an experiment; a variant shows only what differs from the `whole` that it is of."""
    details: dict[str, Any] = msgspec.to_builtins(experiment)
    path = catalogue.ROOT / experiment.program
    details["text"] = path.read_text("utf-8")
    if experiment is not whole:
        for key in ("mechanism", "cure", "source"):
            if details[key] == msgspec.to_builtins(getattr(whole, key)):
                del details[key]
    heading = catalogue.GROUPS[experiment.group]
    return Subject(experiment.name, experiment.title, experiment.group, heading, details)


def _program(program: Program, started: str) -> dict[str, Any]:
    details: dict[str, Any] = {"command": program.command, "program": program.target}
    source = _source(program, started)
    if source is not None:
        details["text"] = source
    return details


def _source(program: Program, started: str) -> str | None:
    """Give a script as it was when it was run: from the journal, or if it is still so here."""
    if program.target in program.sources:
        return program.sources[program.target]
    path = Path(program.root, program.target)
    try:
        seen = path.stat()
        ran = datetime.fromisoformat(started).timestamp()
        if program.kind != "script" or int(seen.st_mtime) > ran or seen.st_size > LONGEST_SOURCE:
            return None
        return decoded(path.read_bytes())
    except (OSError, ValueError):
        return None

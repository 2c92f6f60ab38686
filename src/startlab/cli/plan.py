"""`startlab plan`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from startlab import catalogue
from startlab.backends.opening import open_backend
from startlab.cli import options
from startlab.plan import cells as planning
from startlab.plan import matrix
from startlab.results import journal

if TYPE_CHECKING:
    from startlab.model import Cell, Selection


@click.command()
@options.selectors
@options.building
@options.JSON
@click.option(
    "--github",
    is_flag=True,
    help="Print a matrix for GitHub Actions, with the runners that it offers; --backend and "
    "--shard are then ignored.",
)
@click.option(
    "--cells",
    "cells_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="Also write the planned cells to this file, for `startlab merge --plan`.",
)
@click.option(
    "--learn",
    type=click.Path(path_type=Path, exists=True),
    default=None,
    metavar="RUN",
    help="Record in the catalogue how long the trials of that run took, so that shards are "
    "equally long, and exit.",
)
def plan(
    *, as_json: bool, github: bool, cells_file: Path | None, learn: Path | None, **said: Any
) -> None:
    """Show the cells that would be run."""
    if learn is not None:
        learnt = catalogue.learn(journal.read(learn).trials)
        (catalogue.ROOT / catalogue.DURATIONS).write_bytes(learnt)
        return
    building_options, selection = options.split(said)
    experiments = planning.choose(catalogue.load(), selection.experiments)
    durations = catalogue.durations()
    if github:
        made = matrix.make(experiments, selection.environments, selection.methods, durations)
        cells = list(made.cells)
        click.echo(msgspec.json.encode({"include": made.jobs}))
        longest = max(made.jobs, key=lambda job: job.estimate_s)
        options.say(
            f"{len(made.jobs)} jobs; the longest is {longest.name}, whose trials take about "
            f"{_minutes(longest.estimate_s)} one after the other"
        )
    else:
        with closing(open_backend(selection, building_options, "", options.say)) as backend:
            names = backend.names(selection.environments)
        cells = [
            cell
            for name in names
            for cell in planning.plan_cells(experiments, name, selection.methods)
        ]
        cells = _of_shard(cells, selection, durations)
        if as_json:
            options.print_json({"cells": cells})
        else:
            _print(cells, durations)
    if cells_file is not None:
        cells_file.write_bytes(msgspec.json.encode({"cells": cells}))


def _of_shard(cells: list[Cell], selection: Selection, durations: dict[str, float]) -> list[Cell]:
    if selection.shard is None:
        return cells
    number, of = selection.shard
    return list(planning.shards(cells, of, durations)[number - 1])


def _print(cells: list[Cell], durations: dict[str, float]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("experiment", "environment", "method"):
        table.add_column(heading, no_wrap=True)
    for cell in cells:
        table.add_row(cell.experiment, cell.environment, cell.method)
    Console().print(table)
    took = _minutes(sum(planning.duration(cell, durations) for cell in cells))
    click.echo(f"{len(cells)} cells, about {took} one after the other")


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"

"""`startlab plan`."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from startlab import catalogue
from startlab import plan as planning
from startlab.cli import options


@click.command()
@options.selectors
@options.building
@options.JSON
def plan(*, as_json: bool, **said: Any) -> None:
    """Show the cells that a run would have."""
    building_options, selection = options.split(said)
    experiments = planning.choose(catalogue.load(), selection.experiments)
    with closing(options.open_backend(selection, building_options, "", options.say)) as backend:
        names = backend.names(selection.environments)
    cells = [
        cell for name in names for cell in planning.cells(experiments, name, selection.methods)
    ]
    if selection.shard is not None:
        cells = list(planning.shard(cells, *selection.shard))
    if as_json:
        options.print_json({"cells": cells})
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("experiment", "environment", "method"):
        table.add_column(heading, no_wrap=True)
    for cell in cells:
        table.add_row(cell.experiment, cell.environment, cell.method)
    Console().print(table)
    click.echo(f"{len(cells)} cells")

"""`startlab list` and `startlab show`: what the catalogue has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from startlab import catalogue
from startlab.cli import options
from startlab.errors import SelectionError

if TYPE_CHECKING:
    from startlab.model import Experiment


@click.command(name="list")
@options.JSON
def list_(*, as_json: bool) -> None:
    """List the experiments of the catalogue."""
    experiments = catalogue.load()
    if as_json:
        options.print_json(experiments)
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("experiment", no_wrap=True)
    table.add_column("what it is about")
    for experiment in experiments:
        table.add_row(experiment.name, experiment.title)
    Console().print(table)


@click.command()
@click.argument("experiment", shell_complete=lambda *_: [e.name for e in catalogue.load()])
@options.JSON
def show(experiment: str, *, as_json: bool) -> None:
    """Show an experiment: its program, what it shows and why, what is expected, the cure."""
    (found,) = _one(experiment)
    program = (catalogue.ROOT / found.program).read_text("utf-8")
    if as_json:
        options.print_json({"experiment": found, "program": program})
        return
    console = Console()
    console.print(f"[bold]{found.name}[/]: {found.title}\n", highlight=False)
    console.print(f"[bold]Claim[/]: {found.claim}\n", highlight=False)
    console.print(Syntax(program, "python", theme="ansi_dark", background_color="default"))
    console.print(f"[bold]Mechanism[/]\n{found.mechanism.strip()}\n", highlight=False)
    console.print(_expectations(found))
    if found.cure:
        console.print(f"\n[bold]Cure[/]\n{found.cure.strip()}", highlight=False)
    console.print("\n[bold]Source[/]")
    for source in found.source:
        console.print(f"  {source}", highlight=False, soft_wrap=True)


def _one(name: str) -> tuple[Experiment]:
    for experiment in catalogue.load():
        if experiment.name == name:
            return (experiment,)
    there = ", ".join(experiment.name for experiment in catalogue.load())
    raise SelectionError(f"There is no experiment {name}. There are: {there}.")


def _expectations(experiment: Experiment) -> Table:
    table = Table(box=None, pad_edge=False, title="Expected, first match", title_justify="left")
    for heading in ("method", "where", "outcome", "and"):
        table.add_column(heading)
    for expectation in experiment.expect:
        where = [expectation.when or ""]
        if expectation.free_threaded is not None:
            where.append("free-threaded" if expectation.free_threaded else "with the GIL")
        also = [
            f"{key} {value}"
            for key in ("exception", "stdout", "method_used")
            if (value := getattr(expectation, key)) is not None
        ]
        if expectation.unmeasured:
            also.append("unmeasured")
        table.add_row(
            ", ".join(expectation.method or experiment.methods),
            ", ".join(part for part in where if part) or "everywhere",
            " or ".join(expectation.outcome),
            "; ".join(also),
        )
    return table

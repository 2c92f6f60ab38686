"""`startlab report`, `merge` and `diff`: commands on finished runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console

from startlab.cli import options, outcome
from startlab.diagnosis import diagnose
from startlab.errors import SelectionError
from startlab.model import Cell
from startlab.program import given
from startlab.report import files, terminal
from startlab.report.formats import FORMATS
from startlab.results import diff as comparing
from startlab.results import journal
from startlab.results import merge as merging

if TYPE_CHECKING:
    from startlab.diagnosis import Diagnosis
    from startlab.model import Run

RUN = click.Path(path_type=Path)
FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


class _Plan(msgspec.Struct, frozen=True):
    """What `startlab plan --json` prints."""

    cells: tuple[Cell, ...]


@click.command()
@click.argument("run", type=RUN, default=journal.RUNS / "latest")
@options.together(
    *(
        click.option(f"--{name}", type=FILE, metavar="FILE", help=each.help)
        for name, each in FORMATS.items()
    )
)
def report(run: Path, **wanted: Path | None) -> None:
    """Report a run: on the terminal, or in files.

    RUN is a run's folder, journal or id; without it, the last run here. A FILE of - is stdout.
    Damaged lines of the journal are noted, and the rest is reported.
    """
    found = journal.read(run, any_version=True)
    asked = {name: path for name, path in wanted.items() if path is not None}
    for caveat in found.caveats if asked else ():
        options.say(caveat)
    diagnosis = diagnose(found)
    for name, path in asked.items():
        _write(found, diagnosis, name, path)
    if not asked:
        terminal.show(found, diagnosis, Console())


def _write(run: Run, diagnosis: Diagnosis, name: str, path: Path) -> None:
    if str(path) == "-":
        FORMATS[name].write(run, diagnosis, sys.stdout)
        return
    try:
        files.write_file(run, diagnosis, FORMATS[name].write, path)
    except OSError as error:
        raise SelectionError(f"{path} cannot be written: {error.strerror or error}.") from None


@click.command()
@click.argument("runs", type=RUN, nargs=-1, required=True, metavar="RUN...")
@click.option("--out", "-o", type=RUN, required=True, metavar="RUN", help="The folder to make.")
@click.option(
    "--plan",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="The cells that the runs should have together, as printed by `startlab plan --json`; "
    "those that no run has are missing.",
)
@click.option(
    "--allow-different-catalogues",
    is_flag=True,
    help="Merge runs of different versions of the catalogue anyway.",
)
def merge(
    runs: tuple[Path, ...], out: Path, plan: Path | None, *, allow_different_catalogues: bool
) -> None:
    """Make one run of several: of shards, or of many machines.

    A planned cell that no run has is missing; a cell that several have gets several trials. Exit
    status 1 if a cell is not as expected, or a run cannot be read.
    """
    for path in runs:
        if not path.exists():
            raise SelectionError(f"{path} is not there, so it cannot be merged.")
    unread = merging.merge(
        runs,
        out,
        plan=_cells(plan) if plan else (),
        allow_different_catalogues=allow_different_catalogues,
    )
    merged = journal.read(out)
    diagnosis = diagnose(merged)
    for said in files.write(merged, diagnosis, out):
        options.say(said)
    terminal.show(merged, diagnosis, Console(), out)
    sys.exit(outcome.exit_status(merged, diagnosis) or (1 if unread else 0))


def _cells(plan: Path) -> tuple[Cell, ...]:
    try:
        return msgspec.json.decode(given.read(plan), type=_Plan).cells
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SelectionError(
            f"{plan} is not a plan: {error}. Make it with: startlab plan --json > {plan}"
        ) from None


def _instead(_: object, __: object, values: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(value.partition("=")[::2] for value in values)
    if not all(pairs) or not all(pairs.values()):
        raise click.BadParameter("it must be OLD=NEW, like linux-3.14=linux-3.15.")
    return pairs


@click.command()
@click.argument("old", type=RUN)
@click.argument("new", type=RUN)
@click.option(
    "--match",
    "instead",
    multiple=True,
    callback=_instead,
    metavar="OLD=NEW",
    help="Compare an environment of the old run with one of the new run: "
    "linux-3.14=linux-3.15. May be repeated.  [default: the same names]",
)
@options.JSON
def diff(old: Path, new: Path, instead: dict[str, str], *, as_json: bool) -> None:
    """Show what changed from one run to another.

    Exit status 1 if something got worse.
    """
    before, after = journal.read(old), journal.read(new)
    _refuse_unknown(instead, before, after)
    found = comparing.compare(before, after, instead)
    if as_json:
        options.print_json(found)
    else:
        terminal.show_diff(found, Console())
    sys.exit(1 if found.worse else 0)


def _refuse_unknown(instead: dict[str, str], old: Run, new: Run) -> None:
    for names, run in ((instead.keys(), old), (instead.values(), new)):
        there = [planned.name for planned in run.environments]
        for name in names:
            if name not in there:
                raise SelectionError(
                    f"--match: there is no environment {name} in run {run.header.id}. "
                    f"There are: {', '.join(there)}."
                )

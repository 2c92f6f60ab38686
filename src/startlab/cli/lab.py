"""`startlab lab`."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from startlab import __version__, catalogue, journal, plan
from startlab.cli import options
from startlab.errors import NothingToRunError, SelectionError
from startlab.lab import Lab
from startlab.model import SCHEMA_VERSION, RunHeader, Selection
from startlab.report import terminal
from startlab.summary import summarise

if TYPE_CHECKING:
    from startlab.backends import Backend
    from startlab.model import Cell, Run

INTERRUPTED: Final = 130


@click.command()
@options.selectors
@options.building
@click.option(
    "--trials",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="How often each cell is run.",
)
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1),
    default=None,
    help="Trials at the same time.  [default: the number of cores]",
)
@click.option(
    "--isolation",
    type=click.Choice(["pooled", "fresh"]),
    default="pooled",
    show_default=True,
    help="One container for all trials of an image, or one each.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0, min_open=True),
    default=None,
    metavar="S",
    help="Time limit of a trial, in seconds.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="The run's folder.  [default: .startlab/<time>-<id>]",
)
@click.option(
    "--resume", is_flag=True, help="Finish the run in --out, or the last one, as it was begun."
)
@options.JSON
def lab(jobs: int | None, out: Path | None, *, resume: bool, as_json: bool, **said: Any) -> None:
    """Run the experiments of the catalogue and report what is not as expected."""
    building_options, selection = options.split(said)
    done: set[tuple[Cell, int]] = set()
    if resume:
        folder = journal.find(out or journal.RUNS / "latest").parent
        earlier = journal.read(folder)
        _same_catalogue(earlier)
        run_id, selection = earlier.header.id, earlier.header.selection
        done = {(t.cell, t.trial) for t in earlier.trials if t.outcome != "unavailable"}
    else:
        run_id, folder = journal.new_folder()
        folder = out or folder
        if (folder / journal.NAME).exists():
            raise SelectionError(
                f"{folder} holds a run already; finish it with --resume, or move it."
            )
    experiments = plan.choose(catalogue.load(), selection.experiments)
    with (
        terminal.Follower(Console(stderr=True)) as follower,
        closing(options.open_backend(selection, building_options, run_id, follower.say)) as backend,
    ):
        if selection.environments:
            backend.names(selection.environments)  # a mistake is told before a run is begun
        with journal.Journal(folder) as book:
            journal.point_latest_at(folder)
            if not resume:
                book.write(_header(run_id, backend, selection))
            cores = os.cpu_count() or 1
            engine = Lab(
                experiments, backend, selection, book, follower, jobs=jobs or cores, done=done
            )
            try:
                interrupted = engine.run()
            except NothingToRunError as error:
                follower.say(f"startlab: {error}")
                interrupted = False
    run = journal.read(folder)
    if as_json:
        options.print_json(run)
    elif run.environments:
        terminal.show(run, Console())
        click.echo(f"The run is in {folder}.")
    if interrupted:
        click.echo(f"Interrupted; finish it with: startlab lab --resume --out {folder}", err=True)
        sys.exit(INTERRUPTED)
    sys.exit(exit_status(run))


def exit_status(run: Run) -> int:
    """Give 0 when everything is as expected, 1 for deviations, 3 when nothing could be run."""
    if all(trial.outcome in ("unavailable", "unsupported") for trial in run.trials):
        return 3
    return 0 if all(each.as_expected for each in summarise(run)) else 1


def _header(run_id: str, backend: Backend, selection: Selection) -> RunHeader:
    return RunHeader(
        id=run_id,
        schema_version=SCHEMA_VERSION,
        startlab=__version__,
        catalogue=catalogue.digest(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        backend=backend.name,
        selection=selection,
        host={
            "system": platform.platform(),
            "machine": platform.machine(),
            "cores": str(os.cpu_count()),
            "python": platform.python_version(),
        },
    )


def _same_catalogue(earlier: Run) -> None:
    if earlier.header.catalogue != catalogue.digest():
        raise SelectionError(
            "The catalogue has changed since this run was begun, so what is left of it cannot be "
            "put beside what it found; begin a new run."
        )

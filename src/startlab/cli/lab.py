"""`startlab lab`."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from startlab import catalogue
from startlab.backends.opening import open_backend
from startlab.cli import experiments as experiments_of
from startlab.cli import options, outcome
from startlab.engine import runs
from startlab.engine.lab import Lab
from startlab.engine.subjects import ExperimentSubject
from startlab.errors import NothingToRunError, SelectionError
from startlab.plan import cells
from startlab.report import terminal
from startlab.results import journal

if TYPE_CHECKING:
    from pathlib import Path

    from startlab.model import Cell, Run


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
@options.engine
@click.option(
    "--update-expectations",
    "update",
    is_flag=False,
    flag_value="diff",
    type=click.Choice(["diff", "write"]),
    help="Print, as a diff, what the catalogue should expect after this run; "
    "--update-expectations=write changes its files.",
)
@options.JSON
def lab(
    jobs: int | None,
    out: Path | None,
    update: str | None,
    *,
    resume: bool,
    as_json: bool,
    **said: Any,
) -> None:
    """Run the experiments of the catalogue and report what is not as expected."""
    if update and as_json:
        raise click.UsageError(
            "--update-expectations prints what it changes, and --json one document."
        )
    building_options, selection = options.split(said)
    done: set[tuple[Cell, int]] = set()
    earlier: Run | None = None
    begun = options.to_resume(out) if resume else None
    if begun is not None:
        folder = begun
        earlier = journal.read(folder)
        _same_catalogue(earlier)
        run_id, selection = earlier.header.id, earlier.header.selection
        done = runs.already_run(earlier)
    else:
        run_id, folder = journal.new_folder()
        folder = out or folder
        runs.refuse_taken(folder)
    experiments = cells.choose(catalogue.load(), selection.experiments)
    with (
        terminal.Follower(
            Console(stderr=True),
            trials=selection.trials,
            earlier=earlier.trials if earlier else (),
        ) as follower,
        closing(open_backend(selection, building_options, run_id, follower.say)) as backend,
    ):
        if selection.environments:
            backend.names(selection.environments)  # a mistake is told before a run is begun
        with journal.Journal(folder) as book:
            journal.point_latest_at(folder)
            if earlier is None:
                book.write(runs.header(run_id, backend, selection))
            cores = os.cpu_count() or 1
            subjects = [ExperimentSubject(each, selection) for each in experiments]
            engine = Lab(
                subjects, backend, selection, book, follower, jobs=jobs or cores, done=done
            )
            try:
                engine.run()
            except NothingToRunError as error:
                follower.say(f"startlab: {error}")
    run = journal.read(folder)
    status = outcome.tell(run, folder, "startlab lab", as_json=as_json)
    if update:
        experiments_of.update_expectations(run, write=update == "write")
    sys.exit(status)


def _same_catalogue(earlier: Run) -> None:
    if earlier.header.catalogue != catalogue.digest():
        raise SelectionError(
            "The catalogue has changed since this run was begun, so what is left of it cannot be "
            "put beside what it found; begin a new run."
        )

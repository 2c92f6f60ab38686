"""`startlab lab`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from startlab.cli import drive, options, outcome
from startlab.cli import experiments as experiments_of
from startlab.engine import runs

if TYPE_CHECKING:
    from pathlib import Path

    from startlab.engine.lab import Listener


@click.command()
@options.selectors
@options.building
@click.option(
    "--trials",
    type=click.IntRange(1, options.MOST_TRIALS),
    default=1,
    show_default=True,
    help="How often to run each cell.",
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
    """Run the catalogue of experiments.

    Reports every outcome that the catalogue does not expect.
    """
    if update and as_json:
        raise click.UsageError(
            "--update-expectations prints what it changes, and --json one document."
        )
    building, selection = options.split(said)

    def how(listener: Listener) -> runs.How:
        return runs.How(building, jobs=jobs, listener=listener)

    folder = drive.to_resume(out) if resume else None
    if folder is not None:
        run, folder = drive.resume(folder, lambda at, said: runs.resume(at, "lab", how(said)))
    else:
        run, folder = drive.begin(
            out,
            lambda at, said: runs.begin(at, selection, how=how(said)),
            trials=selection.trials,
        )
    status = outcome.tell(run, folder, "startlab lab", as_json=as_json)
    if update:
        experiments_of.update_expectations(run, write=update == "write")
    sys.exit(status)

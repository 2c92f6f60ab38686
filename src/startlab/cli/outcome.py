"""What a command prints at the end of a run, and its exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from rich.console import Console

from startlab.cli import INTERRUPTED, options
from startlab.diagnosis import diagnose
from startlab.report import document, files, terminal
from startlab.results.summary import summarise

if TYPE_CHECKING:
    from pathlib import Path

    from startlab.diagnosis import Diagnosis
    from startlab.model import Run

UNWRITTEN: Final = 2
"""The exit status of a run that is as it should be, but whose reports could not be written."""


def tell(run: Run, folder: Path, command: str, *, as_json: bool) -> int:
    """Print a run and write its reports; give the exit status. `command` is what resumes it."""
    diagnosis = diagnose(run)
    problems = files.write(run, diagnosis, folder)
    for problem in problems:
        options.say(problem)
    if as_json:
        for piece in document.pieces(run, diagnosis):
            click.echo(piece, nl=False)
    elif run.environments:
        terminal.show(run, diagnosis, Console(), folder)
    if run.ends and run.ends[-1].interrupted:
        click.echo(f"Interrupted; finish it with: {command} --resume --out {folder}", err=True)
        return INTERRUPTED
    return exit_status(run, diagnosis) or (UNWRITTEN if problems else 0)


def exit_status(run: Run, diagnosis: Diagnosis) -> int:
    """Give 0 when everything is as expected, 1 for deviations, 3 when nothing could be run.

    For a user's program any finding is one too, such as a child that raised, with exit status 0.
    """
    if all(trial.outcome in ("unavailable", "unsupported") for trial in run.trials):
        return 3
    if not all(each.as_expected for each in summarise(run)):
        return 1
    return 1 if any(not each.note for each in diagnosis.findings) else 0

"""What `startlab lab` and `startlab run` have in common: a run with progress on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from startlab.cli import options
from startlab.errors import NoJournalError, NothingToRunError
from startlab.report import terminal
from startlab.results import journal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from startlab.engine.lab import Listener
    from startlab.model import Run, Trial


def begin(
    out: Path | None, go: Callable[[Path, Listener], Run], *, trials: int = 1
) -> tuple[Run, Path]:
    """Begin a run in `out`, or in a folder of its own."""
    folder = out or journal.new_folder()
    return _followed(folder, go, trials, ()), folder


def resume(folder: Path, go: Callable[[Path, Listener], Run]) -> tuple[Run, Path]:
    """Finish a run."""
    earlier = journal.read(folder)
    return _followed(folder, go, earlier.header.selection.trials, earlier.trials), folder


def to_resume(out: Path | None, *, begin: bool = True) -> Path | None:
    """Find the folder of the run that --resume finishes; None, and said, where one is to begin.

    Raises NoJournalError where it is said that none can `begin`.
    """
    folder = journal.begun(out)
    if folder is None:
        nothing = (
            f"There is nothing to resume in {out or journal.RUNS}: no run was begun there, "
            "or it was killed before its journal had a line."
        )
        if not begin:
            raise NoJournalError(f"{nothing} Say what to run, to begin one.")
        options.say(f"{nothing} A new run begins.")
    return folder


def _followed(
    folder: Path, go: Callable[[Path, Listener], Run], trials: int, earlier: Sequence[Trial]
) -> Run:
    """Run it; what could not be run is reported, and in the journal."""
    with terminal.Follower(Console(stderr=True), trials=trials, earlier=earlier) as follower:
        try:
            return go(folder, follower)
        except NothingToRunError as error:
            if not (folder / journal.NAME).exists():
                raise
            follower.say(f"startlab: {error}")
            return journal.read(folder)

"""The reports that every run has in its folder."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Final

from startlab.errors import StartlabError
from startlab.report import junit, markdown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from startlab.diagnosis import Diagnosis
    from startlab.model import Run

    Write = Callable[[Run, Diagnosis, IO[str]], None]


def html(run: Run, diagnosis: Diagnosis, file: IO[str]) -> None:
    """Write a run as HTML, with what is slow to import."""
    from startlab.report.html import write

    write(run, diagnosis, file)


REPORTS: Final[dict[str, Write]] = {
    "report.html": html,
    "summary.md": markdown.write,
    "junit.xml": junit.write,
}


def write(run: Run, diagnosis: Diagnosis, folder: Path) -> tuple[str, ...]:
    """Write every report of a run into its folder; give, of those that could not be, why."""
    failed = []
    for name, report in REPORTS.items():
        try:
            write_file(run, diagnosis, report, folder / name)
        except OSError as error:
            failed.append(f"{folder / name} could not be written: {error.strerror or error}")
        except StartlabError as error:
            failed.append(f"{folder / name} could not be written: {error}")
    return tuple(failed)


def write_file(run: Run, diagnosis: Diagnosis, report: Write, path: Path) -> None:
    """Write a report as a whole or not at all, where that can be. Raises OSError."""
    if path.exists() and not path.is_file():  # a pipe, /dev/null
        with path.open("w", encoding="utf-8", newline="\n") as file:
            report(run, diagnosis, file)
        return
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("w", encoding="utf-8", newline="\n") as file:
            report(run, diagnosis, file)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)

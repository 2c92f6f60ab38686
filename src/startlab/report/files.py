"""The reports that every run has in its folder."""

from __future__ import annotations

import glob
import os
from typing import TYPE_CHECKING

from startlab.errors import StartlabError
from startlab.report.formats import FORMATS

if TYPE_CHECKING:
    from pathlib import Path

    from startlab.diagnosis import Diagnosis
    from startlab.model import Run
    from startlab.report.formats import Write


def write(run: Run, diagnosis: Diagnosis, folder: Path) -> tuple[str, ...]:
    """Write every report of a run into its folder; give, of those that could not be, why."""
    failed = []
    for each in FORMATS.values():
        if each.file is None:
            continue
        path = folder / each.file
        try:
            write_file(run, diagnosis, each.write, path)
        except OSError as error:
            failed.append(f"{path} could not be written: {error.strerror or error}")
        except StartlabError as error:
            failed.append(f"{path} could not be written: {error}")
    return tuple(failed)


def write_file(run: Run, diagnosis: Diagnosis, report: Write, path: Path) -> None:
    """Write a report as a whole or not at all, where that can be. Raises OSError."""
    if path.exists() and not path.is_file():  # a pipe, /dev/null
        with path.open("w", encoding="utf-8", newline="\n") as file:
            report(run, diagnosis, file)
        return
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    _remove_unfinished(path)
    try:
        with fresh.open("w", encoding="utf-8", newline="\n") as file:
            report(run, diagnosis, file)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _remove_unfinished(path: Path) -> None:
    """Remove what processes that were killed have left of a report."""
    left = list(path.parent.glob(f".{glob.escape(path.name)}.*"))
    if not left:
        return
    import psutil  # takes 20 ms, and little is ever left

    for each in left:
        pid = each.name.rpartition(".")[2]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            each.unlink(missing_ok=True)

"""The formats that a run is reported in: one list, for its folder and for `startlab report`."""

from __future__ import annotations

import importlib
from typing import IO, TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from startlab.diagnosis import Diagnosis
    from startlab.model import Run

    Write = Callable[[Run, Diagnosis, IO[str]], None]


class Format(NamedTuple):
    """A format: the module whose write() makes it, what it is for, and its file in each folder."""

    module: str
    help: str
    file: str | None = None

    def write(self, run: Run, diagnosis: Diagnosis, file: IO[str]) -> None:
        """Write a run; what that needs is imported now, for some of it is slow to import."""
        write: Write = importlib.import_module(self.module).write
        write(run, diagnosis, file)


FORMATS: Final[dict[str, Format]] = {
    "html": Format("startlab.report.html", "One page that needs nothing else.", "report.html"),
    "markdown": Format(
        "startlab.report.markdown", "For a job's summary or a comment.", "summary.md"
    ),
    "junit": Format("startlab.report.junit", "JUnit XML, for CI systems.", "junit.xml"),
    "json": Format("startlab.report.document", "The run as one JSON document."),
}
"""By the name of the option that asks for it."""

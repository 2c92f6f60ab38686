"""What startlab finds out about one test: its trial, and the cause as text."""

from __future__ import annotations

import io
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from rich.console import Console

from startlab import __version__
from startlab.backends import user_python
from startlab.diagnosis import diagnose
from startlab.judge.trial import judge_program
from startlab.model import (
    SCHEMA_VERSION,
    Cell,
    PlannedEnvironment,
    Program,
    Run,
    RunHeader,
    Selection,
    Stream,
)
from startlab.report import terminal, waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Environment, Observation, StartMethod, Trial

WIDTH: Final = 100


class Told(NamedTuple):
    """What came of a failed test: its outcome, the cause in a sentence, and all of it as text."""

    outcome: str
    cause: str
    text: str


class Teller:
    """Judges the tests of one suite, whose folder is `root`, and says why they fail.

    `arguments` are what the user's pytest was given.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._environment: Environment | None = None
        self._trials: dict[str, list[Trial]] = {}

    def passed(self, test: str, method: StartMethod, seen: Observation) -> None:
        """Remember a trial that a later failure is compared with."""
        self._trials.setdefault(test, []).append(self._trial(test, method, seen))

    def failed(
        self, test: str, method: StartMethod, seen: Observation, failures: Sequence[dict[str, Any]]
    ) -> Told:
        """Find out why a test failed: `failures` are the exceptions that it ended with."""
        if failures:
            text = "\n".join(each["traceback"] for each in failures)
            seen = msgspec.structs.replace(
                seen, exit_status=1, stderr=Stream(head=text.encode(errors="backslashreplace"))
            )
        trial = self._trial(test, method, seen)
        trials = [*self._trials.get(test, ()), trial]
        self._trials[test] = trials
        return self._told(test, trial, trials)

    def _trial(self, test: str, method: StartMethod, seen: Observation) -> Trial:
        environment = self._own()
        cell = Cell(experiment=test, environment=environment.name, method=method)
        return judge_program(
            self._program(test), cell, 0, seen, f"pytest --start-methods={method} {test!r}",
            environment.prefix,
        )  # fmt: skip

    def _own(self) -> Environment:
        if self._environment is None:
            self._environment = user_python.probe(Path(sys.executable))
        return self._environment

    def _program(self, test: str) -> Program:
        return Program(
            kind="test", name=test, target=test.partition("::")[0], root=os.fspath(self._root)
        )

    def _told(self, test: str, trial: Trial, trials: Sequence[Trial]) -> Told:
        own = self._own()
        run = Run(
            header=RunHeader(
                id="pytest",
                schema_version=SCHEMA_VERSION,
                startlab=__version__,
                catalogue="",
                started=datetime.now(UTC).isoformat(timespec="seconds"),
                backend="native",
                selection=Selection(),
                program=self._program(test),
            ),
            environments=(
                PlannedEnvironment(
                    name=own.name, cells=tuple(each.cell for each in trials), environment=own
                ),
            ),
            trials=tuple(trials),
            ends=(),
        )
        found = [
            each
            for each in diagnose(run).findings
            if not each.note and any(one.cell == trial.cell for one in each.cells)
        ]
        written = io.StringIO()
        console = Console(file=written, width=WIDTH, color_system=None)
        terminal.findings(run, found, console)
        parts = [f"{trial.outcome.upper()}: {trial.reason}", "", written.getvalue().rstrip()]
        if trial.processes:
            parts += ["", *waiting.lines(trial.processes)]
        cause = found[0].cause or found[0].title if found else trial.reason
        return Told(trial.outcome, cause, "\n".join(parts).rstrip())

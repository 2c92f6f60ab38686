"""What startlab finds out about one test: its trial, and the cause as text."""

from __future__ import annotations

import io
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.console import Console

from startlab import __version__
from startlab.backends import user_python
from startlab.diagnosis import diagnose
from startlab.diagnosis.rules import MECHANISMS
from startlab.judge.trial import judge_program
from startlab.model import (
    SCHEMA_VERSION,
    Cell,
    PlannedEnvironment,
    Program,
    Run,
    RunHeader,
    Selection,
)
from startlab.report import prose, terminal, waiting
from startlab.results.summary import WELL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from startlab.model import Observation, StartMethod, Trial

WIDEST: Final = 100


class Why(NamedTuple):
    """Why a test failed: its outcome, the cause in a sentence, and both as text for a terminal.

    `of` is the same for all tests that have this cause; it is None where no cause is known.
    """

    outcome: str
    cause: str
    head: str
    text: str
    of: tuple[str, str | None, str] | None = None

    @property
    def whole(self) -> str:
        """All that there is to say of a test of which pytest itself says nothing."""
        return f"{self.head}\n\n{self.text}"


class Explainer:
    """Says why the tests of one suite fail, whose folder is `root`.

    The lines fit a terminal of a `width`; without one, each sentence is a line.
    """

    def __init__(self, root: Path, width: int | None) -> None:
        self._root = root
        self._is_terminal = width is not None
        self._width = min(width or WIDEST, WIDEST)
        self._environment = user_python.probe(Path(sys.executable))

    def why(
        self,
        test: str,
        method: StartMethod,
        seen: Observation,
        elsewhere: Mapping[StartMethod, Observation],
    ) -> Why:
        """Find out why a test failed; `elsewhere` is what was seen of it under other methods."""
        others = [self._trial(test, each, found) for each, found in elsewhere.items()]
        trial = self._trial(test, method, seen)
        return self._why(test, trial, [*others, trial])

    def _trial(self, test: str, method: StartMethod, seen: Observation) -> Trial:
        cell = Cell(experiment=test, environment=self._environment.name, method=method)
        return judge_program(
            self._program(test), cell, 0, seen, f"pytest --start-methods={method} {test!r}",
            self._environment.prefix,
        )  # fmt: skip

    def _program(self, test: str) -> Program:
        return Program(
            kind="test", name=test, target=test.partition("::")[0], root=os.fspath(self._root)
        )

    def _why(self, test: str, trial: Trial, trials: Sequence[Trial]) -> Why:
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
                    name=self._environment.name,
                    cells=tuple(each.cell for each in trials),
                    environment=self._environment,
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
        console = Console(
            file=written, width=self._width, color_system=None, force_terminal=self._is_terminal
        )
        terminal.findings(run, found, console)
        parts = [written.getvalue().rstrip()]
        if trial.processes:
            parts += ["", *map(self.wrapped, waiting.lines(trial.processes))]
        head = self.wrapped(f"{trial.outcome.upper()}: {trial.reason}")
        text = "\n".join(parts).strip("\n")
        if not found:
            return Why(trial.outcome, trial.reason, head, text)
        first = found[0]
        cause = first.cause or first.title
        if MECHANISMS[first.mechanism].symptom and any(each.outcome in WELL for each in trials):
            text += f"\n   By experiment, its cause may be found: startlab run -- pytest {test!r}"
        of = None if first.grade == "unknown" else (first.mechanism, first.where, cause)
        return Why(trial.outcome, cause, head, text, of)

    def wrapped(self, line: str) -> str:
        """Wrap a line, if there is a terminal."""
        return prose.filled(line, self._width if self._is_terminal else None)

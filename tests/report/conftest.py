"""Runs written by hand, for every report."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from startlab.model import (
    SCHEMA_VERSION,
    START_METHODS,
    Cell,
    End,
    Method,
    PlannedEnvironment,
    Program,
    Run,
    RunHeader,
    Selection,
    Start,
    Trial,
)
from startlab.results.output_groups import grouped

HEADER = RunHeader(
    id="x", schema_version=SCHEMA_VERSION, startlab="0", catalogue="0", started="",
    backend="native",
    selection=Selection(),
)  # fmt: skip


class Make:
    """Makes cells, trials and runs with values that a test does not care for."""

    def cell(
        self,
        experiment: str = "lock",
        environment: str = "host-3.13",
        method: Method = "fork",
    ) -> Cell:
        return Cell(experiment=experiment, environment=environment, method=method)

    def trial(self, of: Cell, outcome: Any = "ok", number: int = 0, **said: Any) -> Trial:
        values: dict[str, Any] = {"reason": "", "as_expected": True, "expected": (outcome,)} | said
        return Trial(
            experiment=of.experiment, environment=of.environment, method=of.method,
            trial=number, outcome=outcome, **values,
        )  # fmt: skip

    def deviation(self, of: Cell, outcome: Any = "hang", number: int = 0, **said: Any) -> Trial:
        return self.trial(of, outcome, number, as_expected=False, **said)

    def run(self, cells: list[Cell], *trials: Trial, **said: Any) -> Run:
        names = dict.fromkeys(each.environment for each in cells)
        values: dict[str, Any] = {
            "header": HEADER,
            "environments": tuple(
                PlannedEnvironment(name=n, cells=tuple(c for c in cells if c.environment == n))
                for n in names
            ),
            "trials": trials,
            "ends": (End(finished="", duration_s=1.5), End(finished="", duration_s=1)),
        } | said
        return Run(**values)

    failed = (Start(pid=1, method="fork", time_s=0, child=2, exit_code=1),)
    """A child that failed."""

    def of_program(self, *outputs: str, **said: Any) -> Run:
        """Make a run of a user's program that prints this under fork, forkserver and spawn.

        `said` is of the first trial.
        """
        trials = [
            self.trial(
                self.cell("p.py", method=method), program="p.py", stdout=output,
                stdout_digest=output, stdout_shape=output, method_used=(method,),
                **(said if method == "fork" else {}),
            )
            for method, output in zip(START_METHODS, outputs, strict=False)
        ]  # fmt: skip
        program = Program(kind="script", name="p.py", target="p.py", root="/nowhere")
        header = msgspec.structs.replace(HEADER, program=program)
        return grouped(self.run([trial.cell for trial in trials], *trials, header=header))


@pytest.fixture
def make() -> Make:
    return Make()

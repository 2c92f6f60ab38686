"""Hangs without a proof are told below the table, and are no deviations."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from rich.console import Console

from startlab.diagnosis import Diagnosis, diagnose
from startlab.model import Environment, Obstacle, PlannedEnvironment, Program
from startlab.report import markdown, terminal, unproven
from startlab.results.summary import summarise

if TYPE_CHECKING:
    from startlab.model import Grade, Run
    from tests.report.conftest import Make

WHY = Obstacle(kind="running", pid=7)


@pytest.fixture
def hung(make: Make, environment: Environment) -> Any:
    """Make a run of as many hangs, one of each cell, on a platform."""

    def hung(*grades: Grade | None, sys_platform: str = "linux", why: Obstacle | None = WHY) -> Run:
        there = msgspec.structs.replace(environment, sys_platform=sys_platform)
        cells = [make.cell(f"lock{number}") for number, _ in enumerate(grades)]
        trials = [
            make.trial(cell, "hang", grade=grade, obstacle=why)
            for cell, grade in zip(cells, grades, strict=True)
        ]
        planned = PlannedEnvironment(name=there.name, cells=tuple(cells), environment=there)
        return make.run(cells, *trials, environments=(planned,))

    return hung


def said(run: Run) -> str | None:
    return unproven.hangs(run, summarise(run))


@pytest.mark.parametrize("grade", ["quiescent", "busy"])
def test_a_hang_that_only_the_time_limit_decided_is_named_with_the_reason(
    hung: Any, grade: Grade
) -> None:
    run = hung(grade, "proven", grade)
    assert said(run) == (
        "2 hangs are not proven: lock0 × host-3.13 × fork, lock2 × host-3.13 × fork "
        "(pid 7 is running)"
    )


@pytest.mark.parametrize("grade", ["proven", "proven-given-pollers", "respawning"])
def test_a_hang_with_a_proof_is_not(hung: Any, grade: Grade) -> None:
    assert said(hung(grade)) is None


@pytest.mark.parametrize("sys_platform", ["darwin", "win32"])
def test_where_nothing_can_be_proven_nothing_is_said(hung: Any, sys_platform: str) -> None:
    assert said(hung("quiescent", sys_platform=sys_platform)) is None


def test_of_a_users_program_findings_tell(hung: Any) -> None:
    run = hung("quiescent")
    program = Program(kind="script", name="a", target="a.py", root="/")
    header = msgspec.structs.replace(run.header, program=program)
    assert said(msgspec.structs.replace(run, header=header)) is None


def test_one_of_several_trials_is_enough(make: Make, environment: Environment) -> None:
    cell = make.cell()
    planned = PlannedEnvironment(name=cell.environment, cells=(cell,), environment=environment)
    trials = [
        make.trial(cell, "hang", n, grade=("proven", "busy")[n], obstacle=WHY) for n in (0, 1)
    ]
    assert (said(make.run([cell], *trials, environments=(planned,))) or "").startswith("1 hang is ")


def test_many_are_counted(hung: Any) -> None:
    told = said(hung(*["busy"] * 9, why=None))
    assert told is not None
    assert told.startswith("9 hangs are not proven: lock0 ")
    assert told.endswith("lock5 × host-3.13 × fork and 3 more")


def test_the_terminal_says_so_below_the_table_and_all_is_as_expected(hung: Any) -> None:
    file = io.StringIO()
    run = hung("quiescent")
    terminal.show(run, diagnose(run), Console(file=file, width=200))
    text = file.getvalue()
    line = "\n1 hang is not proven: lock0 × host-3.13 × fork (pid 7 is running)\n"
    assert text.index("∞ hang") < text.index(line) < text.index("all as expected")
    file = io.StringIO()
    run = hung("proven")
    terminal.show(run, diagnose(run), Console(file=file, width=200))
    assert "not proven" not in file.getvalue()


def test_markdown_says_so_as_text(hung: Any) -> None:
    run = hung("quiescent", why=Obstacle(kind="call", pid=7, name="*x*"))
    page = markdown.render(run, Diagnosis())
    assert r"1 hang is not proven: lock0 × host-3.13 × fork (may wake: \*x\* in pid 7)" in page
    assert "all 1 cell as expected" in page
    assert "not proven" not in markdown.render(hung("proven"), Diagnosis())

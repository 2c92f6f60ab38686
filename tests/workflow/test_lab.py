"""lab.yml: the matrix expands, the jobs run the real lab, and one report tells all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from startlab.results import journal
from tests.workflow.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.workflow.conftest import Repository

pytestmark = [pytest.mark.workflow, pytest.mark.docker, pytest.mark.timeout(900)]

PROJECT = (
    ".github", ".gitignore", "CHANGELOG.md", "LICENSE", "README.md", "docker", "noxfile.py",
    "pyproject.toml", "src",
)  # fmt: skip
SELECTION = (
    "--input", "environments=linux-3.13 linux-2.7",
    "--input", "experiments=countdown default_start_method lock_held_at_fork",
)  # fmt: skip


@pytest.fixture
def project(repository: Callable[..., Repository]) -> Repository:
    return repository(*PROJECT)


def test_the_jobs_of_the_plan_run_the_lab_and_one_report_tells_all(project: Repository) -> None:
    done = project.run("lab.yml", *SELECTION)
    assert done.status == 0, done.output
    assert {each.name for each in done.artifacts.iterdir()} == {
        "plan", "run-linux-2.7", "run-linux-3.13", "report",
    }  # fmt: skip
    assert done.artifact("report") == ["journal.jsonl", "junit.xml", "report.html", "summary.md"]
    run = journal.read(done.artifacts / "report")
    assert {planned.name for planned in run.environments} == {"linux-2.7", "linux-3.13"}
    assert run.missing == ()
    assert len(run.planned) == len(run.trials) == 14
    assert "all 14 cells as expected" in done.summary


def test_a_deviating_experiment_makes_the_report_red(project: Repository) -> None:
    toml = project.folder / "src/startlab/catalogue/countdown/experiment.toml"
    toml.write_text(toml.read_text("utf-8").replace('outcome = ["ok"]', 'outcome = ["hang"]'))
    done = project.run("lab.yml", *SELECTION)
    assert done.status != 0
    assert "expected hang" in done.summary
    failed = [line for line in done.output.splitlines() if "Job failed" in line]
    assert [line.partition("]")[0].rstrip() for line in failed] == ["[lab/report"]


def test_a_job_whose_artifact_is_lost_makes_its_cells_missing(project: Repository) -> None:
    done = project.run("lab.yml", *SELECTION, lost="run-linux-2.7")
    assert done.status != 0
    run = journal.read(done.artifacts / "report")
    assert {cell.environment for cell in run.missing} == {"linux-2.7"}
    assert len(run.missing) == 7
    assert "missing" in done.summary


@pytest.mark.parametrize(
    ("platform", "methods"),
    [("windows", {"spawn"}), ("macos", {"fork", "forkserver", "spawn"})],
)
def test_the_jobs_of_another_platform_run_as_if_there(
    repository: Callable[..., Repository], platform: str, methods: set[str]
) -> None:
    """Every Python of every step is in the hiding mode."""
    project = repository(*PROJECT)
    temporary = project.folder.with_name("temporary files")
    temporary.mkdir()
    done = project.run(
        "lab.yml",
        "--input", f"environments={platform}-3.13",
        "--input", "experiments=countdown default_start_method lock_held_at_fork",
        PYTHONPATH=str(ROOT / "tests/hiding/site"),
        STARTLAB_HIDING=platform,
        TMPDIR=str(temporary),
    )  # fmt: skip
    assert done.status == 0, done.output
    run = journal.read(done.artifacts / "report")
    [planned] = run.environments
    assert planned.environment is not None
    assert planned.environment.sys_platform == {"windows": "win32", "macos": "darwin"}[platform]
    assert planned.environment.default_method == "spawn"
    ran = {trial.method for trial in run.trials if trial.outcome != "unsupported"}
    assert ran == methods | {"default"}
    assert run.missing == ()
    assert "all 7 cells as expected" in done.summary

"""Cells → the jobs of a GitHub Actions matrix."""

from __future__ import annotations

from collections import Counter

import pytest

from startlab import catalogue
from startlab.errors import SelectionError
from startlab.model import Expectation, Experiment
from startlab.plan import matrix
from startlab.plan.cells import plan_cells, shards


def experiments(count: int) -> list[Experiment]:
    return [
        Experiment(
            name=f"e{n}", group="locks", title="", claim="", mechanism="", source=("here",),
            program="e/program.py", expect=(Expectation(outcome=("ok",)),),
        )
        for n in range(count)
    ]  # fmt: skip


def test_every_environment_is_one_job_that_brings_all_its_cells() -> None:
    made = matrix.make(experiments(2), (), (), {})
    names = [name for runner in matrix.runners() for name in runner.environments()]
    assert [job.environment for job in made.jobs] == names
    assert {job.cells for job in made.jobs} == {6}
    assert Counter(cell.environment for cell in made.cells) == dict.fromkeys(names, 6)


def test_names_of_environments_are_unique_and_tell_the_platform() -> None:
    jobs = {job.environment: job for job in matrix.make(experiments(1), (), (), {}).jobs}
    assert jobs["windows-3.14"].runner == "windows-2025"
    assert jobs["linux-musl-3.14"].backend == "docker"
    assert jobs["macos-intel-3.7"].python == "3.7"
    assert jobs["windows-3.15t"].python == "3.15t"
    assert len(jobs) == len(matrix.make(experiments(1), (), (), {}).jobs)


def test_an_environment_that_takes_too_long_is_split_evenly() -> None:
    durations = {f"e{n}": 10.0 for n in range(20)}
    made = matrix.make(experiments(20), ["windows-3.14"], (), durations)
    assert [job.name for job in made.jobs] == [f"windows-3.14 ({n} of 3)" for n in (1, 2, 3)]
    assert [job.shard for job in made.jobs] == ["1/3", "2/3", "3/3"]
    assert [job.estimate_s for job in made.jobs] == [200.0, 200.0, 200.0]
    cells = plan_cells(experiments(20), "windows-3.14")
    parts = shards(cells, 3, durations)
    assert sorted(cell for shard in parts for cell in shard) == sorted(made.cells)


def test_there_are_never_more_jobs_than_github_takes() -> None:
    durations = {f"e{n}": 100.0 for n in range(100)}
    made = matrix.make(experiments(100), (), (), durations)
    assert 200 < len(made.jobs) <= matrix.MOST_JOBS
    mean = sum(job.estimate_s for job in made.jobs) / len(made.jobs)
    assert max(job.estimate_s for job in made.jobs) < 1.5 * mean


@pytest.mark.parametrize(
    ("selector", "jobs"),
    [("windows-*", 16), ("3.7", 2), ("linux-musl-3.15", 1), (">=3.15", 0)],
)
def test_selectors_are_those_of_the_lab(selector: str, jobs: int) -> None:
    made = matrix.make(experiments(1), [selector], (), {})
    assert len(made.jobs) == jobs or jobs == 0
    assert made.jobs


def test_a_selector_that_matches_nothing_lists_what_there_is() -> None:
    with pytest.raises(SelectionError, match=r"--env solaris-\* matches no.*windows-3\.14"):
        matrix.make(experiments(1), ["solaris-*"], (), {})


def test_the_catalogue_fits_and_every_start_method_has_its_own_platform() -> None:
    made = matrix.make(catalogue.load(), (), (), catalogue.durations())
    assert len(made.jobs) <= matrix.MOST_JOBS
    default = {c.environment for c in made.cells if c.experiment == "default_start_method"}
    assert default == {job.environment for job in made.jobs}

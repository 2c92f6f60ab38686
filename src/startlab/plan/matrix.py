"""Cells → the jobs of a GitHub Actions matrix."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from startlab.errors import SelectionError
from startlab.model import BackendName, Cell
from startlab.plan import environments
from startlab.plan.cells import duration, plan_cells, shards

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from startlab.model import Experiment, Method

MOST_JOBS: Final = 256
"""GitHub's limit for one matrix."""

JOB_S: Final = 240.0
"""How long a job's trials may take in total; with less, the setup would take longer than they."""


class Runner(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A kind of machine that GitHub offers, and its environments: see matrix.toml."""

    label: str
    platform: str
    backend: BackendName
    pythons: tuple[str, ...]
    musl: tuple[str, ...] = ()

    def environments(self) -> dict[str, str]:
        """Return the Python of each environment, by the environment's name."""
        named = {f"{self.platform}-{python}": python for python in self.pythons}
        return named | {f"{self.platform}-musl-{python}": python for python in self.musl}


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One job of the matrix: an environment, or part of one that would take too long.

    `python` is the input of actions/setup-python; `estimate_s` is the total of what its trials took
    in earlier runs.
    """

    name: str
    runner: str
    platform: str
    backend: BackendName
    environment: str
    python: str
    shard: str
    cells: int
    estimate_s: float


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """The jobs, and all the cells that they run."""

    jobs: tuple[Job, ...]
    cells: tuple[Cell, ...]


@cache
def runners() -> tuple[Runner, ...]:
    """Read the runners from matrix.toml."""
    text = (Path(__file__).parent / "matrix.toml").read_bytes()
    return tuple(msgspec.toml.decode(text, type=dict[str, tuple[Runner, ...]])["runner"])


def make(
    experiments: Sequence[Experiment],
    wanted: Sequence[str],
    methods: Sequence[Method],
    durations: Mapping[str, float],
) -> Matrix:
    """Plan the jobs of the environments that match.

    Raises SelectionError for a selector that matches none.
    """
    every = {name: runner for runner in runners() for name in runner.environments()}
    chosen = _choose(every, wanted)
    cells = {name: plan_cells(experiments, name, methods) for name in chosen}
    takes = {name: sum(duration(cell, durations) for cell in mine) for name, mine in cells.items()}
    parts = _parts(takes)
    jobs = [
        _job(every[name], name, mine, number, parts[name], durations)
        for name in chosen
        for number, mine in enumerate(shards(cells[name], parts[name], durations), 1)
    ]
    return Matrix(jobs=tuple(jobs), cells=tuple(cell for name in chosen for cell in cells[name]))


def _choose(every: Mapping[str, Runner], wanted: Sequence[str]) -> list[str]:
    pythons = {name: runner.environments()[name].rstrip("t") for name, runner in every.items()}
    for selector in wanted:
        if not any(environments.matches(name, pythons[name], selector) for name in every):
            raise SelectionError(
                f"--env {selector} matches no environment. There are: {', '.join(every)}."
            )
    return [
        name
        for name in every
        if not wanted or any(environments.matches(name, pythons[name], one) for one in wanted)
    ]


def _parts(takes: Mapping[str, float]) -> dict[str, int]:
    """Return into how many jobs each environment is split, so that all are about equally long."""
    if len(takes) > MOST_JOBS:
        raise SelectionError(
            f"These are {len(takes)} environments, and a matrix has at most {MOST_JOBS} jobs; "
            "choose fewer with --env."
        )
    limit = JOB_S
    while True:
        parts = {name: max(1, math.ceil(seconds / limit)) for name, seconds in takes.items()}
        if sum(parts.values()) <= MOST_JOBS:
            return parts
        limit *= 1.1


def _job(
    runner: Runner,
    name: str,
    mine: Sequence[Cell],
    number: int,
    of: int,
    durations: Mapping[str, float],
) -> Job:
    return Job(
        name=name if of == 1 else f"{name} ({number} of {of})",
        runner=runner.label,
        platform=runner.platform,
        backend=runner.backend,
        environment=name,
        python=runner.environments()[name],
        shard=f"{number}/{of}",
        cells=len(mine),
        estimate_s=round(sum(duration(cell, durations) for cell in mine), 1),
    )

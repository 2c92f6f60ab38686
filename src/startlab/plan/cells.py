"""Experiments × environments × methods: the cells of a run."""

from __future__ import annotations

import fnmatch
import re
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Protocol

from packaging.specifiers import SpecifierSet

from startlab.errors import SelectionError
from startlab.model import Cell, Environment
from startlab.plan.environments import python_of, sort_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from startlab.model import Experiment, Method, Unavailable

UNKNOWN_S: Final = 0.3
"""The assumed duration of a trial without an earlier run; about the mean of the catalogue."""


class Named(Protocol):
    """What cells are planned for."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def methods(self) -> tuple[Method, ...]:
        """The methods for which it has cells."""


def choose(experiments: Sequence[Experiment], selectors: Sequence[str]) -> tuple[Experiment, ...]:
    """Choose experiments by name or glob; `x` is `x` alone, `x*` includes its variants.

    Raises SelectionError for a selector that matches none.
    """
    for selector in selectors:
        if not any(fnmatch.fnmatchcase(experiment.name, selector) for experiment in experiments):
            there = ", ".join(each.name for each in experiments)
            raise SelectionError(
                f"--experiment {selector} matches no experiment. There are: {there}."
            )
    return tuple(
        each
        for each in experiments
        if not selectors or any(fnmatch.fnmatchcase(each.name, selector) for selector in selectors)
    )


def plan_cells(
    subjects: Sequence[Named], environment: str, methods: Sequence[Method] = ()
) -> tuple[Cell, ...]:
    """Plan the cells of one environment, in the order of the subjects."""
    return tuple(
        Cell(experiment=subject.name, environment=environment, method=method)
        for subject in subjects
        for method in subject.methods
        if not methods or method in methods
    )


def by_name(
    methods: Sequence[Method], environment: Environment | Unavailable
) -> tuple[Method, ...]:
    """Give the start methods with `default` as the one that it is in an environment.

    That is left out where the environment is not there, or has none.
    """
    default = environment.default_method if isinstance(environment, Environment) else None
    named = [default if method == "default" else method for method in methods]
    return tuple(dict.fromkeys(method for method in named if method is not None))


def newest_of_each_kind(names: Sequence[str], requires_python: str) -> list[str]:
    """Choose environments for a program whose project supports these Pythons (PEP 440).

    A kind is what the name says besides the version: linux, linux-musl, host, host with the
    free-threaded build, host-pypy. Raises SelectionError if none is supported.
    """
    newest: dict[str, str] = {}
    for name in sorted(names, key=sort_key):
        version = re.search(r"\d+\.\d+", name)
        if version and _supports(requires_python, version[0]):
            newest[name.replace(version[0], "")] = name
    if not newest:
        there = ", ".join(names) or "none"
        raise SelectionError(
            f"pyproject.toml requires Python {requires_python}, and no environment here has that. "
            f"There are: {there}. --env chooses one anyway."
            if requires_python
            else "There is no environment here."
        )
    return list(newest.values())


def _supports(requires_python: str, version: str) -> bool:
    """Return whether any patch level of a version matches: names have only major and minor."""
    meant = SpecifierSet(requires_python, prereleases=True)
    return meant.contains(f"{version}.0") or meant.contains(f"{version}.99")


def shards(
    every: Sequence[Cell], of: int, durations: Mapping[str, float] | None = None
) -> list[tuple[Cell, ...]]:
    """Split cells into `of` shards: disjoint and together complete, whatever their order.

    They take about equally long, given `durations` of a trial of each experiment, in seconds. The
    cells of an environment are in as few shards as that allows.
    """
    ordered = sorted(every, key=lambda cell: (cell.environment, cell.experiment, cell.method))
    weights = [duration(cell, durations or {}) for cell in ordered]
    total = sum(weights)
    split: list[list[Cell]] = [[] for _ in range(of)]
    for cell, weight, end in zip(ordered, weights, accumulate(weights), strict=True):
        split[min(of - 1, int((end - weight / 2) / total * of))].append(cell)
    return [tuple(cells) for cells in split]


def duration(cell: Cell, durations: Mapping[str, float]) -> float:
    """Estimate how long a trial of a cell takes, in seconds."""
    return durations.get(cell.experiment, UNKNOWN_S)


def impossible(environment: Environment, method: Method) -> str | None:
    """Return why a cell is `unsupported`; None if its start method exists."""
    if method == "default" or method in environment.methods:
        return None
    there = ", ".join(environment.methods) or "none"
    return (
        f"{python_of(environment)} on {environment.sys_platform} "
        f"has no start method {method}; it has {there}"
    )


def lacking(experiment: Experiment, environment: Environment) -> str | None:
    """Return what an experiment needs and the environment lacks; None if it has everything."""
    if not SpecifierSet(experiment.requires_python, prereleases=True).contains(environment.python):
        return (
            f"{experiment.name} is for Python {experiment.requires_python}, "
            f"and {environment.name} has {environment.python}"
        )
    for library in experiment.requires:
        if library not in environment.libraries:
            return f"{experiment.name} needs {library}, which {environment.name} cannot load"
    if environment.cores < experiment.min_cores:
        return (
            f"{experiment.name} needs {experiment.min_cores} cores, "
            f"and {environment.name} has {environment.cores}"
        )
    return None

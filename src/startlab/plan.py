"""Experiments × environments × methods: the cells of a run."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from startlab.errors import SelectionError
from startlab.model import Cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Environment, Experiment, Method


def choose(experiments: Sequence[Experiment], selectors: Sequence[str]) -> tuple[Experiment, ...]:
    """Choose experiments by names or globs of them; `x` is `x` alone, `x*` has its variants too.

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


def cells(
    experiments: Sequence[Experiment], environment: str, methods: Sequence[Method] = ()
) -> tuple[Cell, ...]:
    """Plan the cells of one environment, in the order of the experiments."""
    return tuple(
        Cell(experiment=experiment.name, environment=environment, method=method)
        for experiment in experiments
        for method in experiment.methods
        if not methods or method in methods
    )


def shard(every: Sequence[Cell], number: int, of: int) -> tuple[Cell, ...]:
    """Give shard `number` of `of`, from 1: the shards are disjoint and together complete."""
    return tuple(sorted(every)[number - 1 :: of])


def impossible(environment: Environment, method: Method) -> str | None:
    """Say why a cell is `unsupported`; None if its start method is there."""
    if method == "default" or method in environment.methods:
        return None
    there = ", ".join(environment.methods) or "none"
    return (
        f"{environment.implementation} {environment.python} on {environment.sys_platform} "
        f"has no start method {method}; it has {there}"
    )


def lacking(experiment: Experiment, environment: Environment) -> str | None:
    """Say what an experiment needs that the environment has not; None if it has all."""
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

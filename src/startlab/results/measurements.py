"""What programs measured, with confidence intervals.

The intervals are computed as in pyperf: a program warms up and measures in several processes, whose
values are independent of each other; the values of one process are not, and count as one, their
median. Times are positive and sometimes very long, so their logarithms are averaged.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Final

import msgspec

from startlab.model import METHODS, Method
from startlab.plan.environments import sort_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Run


STUDENT_975: Final = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""97.5 % quantiles of Student's t for 1 to 30 degrees of freedom; beyond, the last is used."""

BASE: Final[Method] = "fork"
"""The method that the others are compared with."""


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What the processes of a cell measured of one quantity, and its ratio to fork's.

    `values` has one value for each process, `middle` is their geometric mean in `unit`; `interval`
    and `ratio_interval` are 95 % confidence intervals, None for a single process. `ratio` is None
    if the environment has no fork, and for fork itself.
    """

    experiment: str
    environment: str
    method: Method
    name: str
    unit: str
    values: tuple[float, ...]
    middle: float
    interval: tuple[float, float] | None
    ratio: float | None = None
    ratio_interval: tuple[float, float] | None = None


def levels(run: Run) -> tuple[Level, ...]:
    """Collect what all trials of a run measured, by experiment, quantity and environment."""
    units: dict[tuple[str, str], str] = {}
    values: dict[tuple[str, str, str], dict[Method, list[float]]] = {}
    for trial in run.trials:
        for each in trial.measurements:
            key = (trial.experiment, each.name, trial.environment)
            units[trial.experiment, each.name] = each.unit
            median = statistics.median(each.values)
            values.setdefault(key, {}).setdefault(trial.method, []).append(median)
    return tuple(
        _level(key, units[key[:2]], method, values[key])
        for key in sorted(values, key=lambda key: (*key[:2], sort_key(key[2])))
        for method in sorted(values[key], key=METHODS.index)
    )


def _level(
    key: tuple[str, str, str], unit: str, method: Method, of: dict[Method, list[float]]
) -> Level:
    experiment, name, environment = key
    middle, interval = geometric_mean(of[method])
    ratio, ratio_interval = None, None
    if method != BASE and BASE in of:
        ratio, ratio_interval = geometric_ratio(of[method], of[BASE])
    return Level(
        experiment=experiment,
        environment=environment,
        method=method,
        name=name,
        unit=unit,
        values=tuple(of[method]),
        middle=middle,
        interval=interval,
        ratio=ratio,
        ratio_interval=ratio_interval,
    )


def geometric_mean(values: Sequence[float]) -> tuple[float, tuple[float, float] | None]:
    """Return the geometric mean of positive values and its 95 % interval, after Student."""
    logs = _logs(values)
    middle = statistics.fmean(logs)
    if len(logs) < 2:
        return math.exp(middle), None
    half = _student(len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs))
    return math.exp(middle), (math.exp(middle - half), math.exp(middle + half))


def geometric_ratio(
    values: Sequence[float], base: Sequence[float]
) -> tuple[float, tuple[float, float] | None]:
    """Return the ratio of two geometric means and its 95 % interval, after Welch (1947)."""
    logs, base_logs = _logs(values), _logs(base)
    difference = statistics.fmean(logs) - statistics.fmean(base_logs)
    if min(len(logs), len(base_logs)) < 2:
        return math.exp(difference), None
    errors = [statistics.variance(each) / len(each) for each in (logs, base_logs)]
    if not sum(errors):
        return math.exp(difference), (math.exp(difference), math.exp(difference))
    freedom = sum(errors) ** 2 / (
        errors[0] ** 2 / (len(logs) - 1) + errors[1] ** 2 / (len(base_logs) - 1)
    )
    half = _student(int(freedom)) * math.sqrt(sum(errors))
    return math.exp(difference), (math.exp(difference - half), math.exp(difference + half))


def _logs(values: Sequence[float]) -> list[float]:
    smallest = 1e-12  # a clock that did not advance
    return [math.log(max(value, smallest)) for value in values]


def _student(freedom: int) -> float:
    return STUDENT_975[min(max(freedom, 1), len(STUDENT_975)) - 1]

"""Reading what programs measured, and the intervals of it."""

from __future__ import annotations

import math
import random

import pytest

from startlab.model import (
    SCHEMA_VERSION,
    Measure,
    Measurement,
    Method,
    Run,
    RunHeader,
    Selection,
    Trial,
)
from startlab.output import measured
from startlab.results import measurements

LATER = Measure(name="later", unit="ms", pattern=r"^later: (.+) ms$")


def test_each_line_is_a_measurement_of_its_own() -> None:
    text = "first: 9 ms\nlater: 1.5 2 ms\nother\nlater: 3e1 ms\n"
    assert measured.read([LATER], text) == (
        Measurement(name="later", unit="ms", values=(1.5, 2.0)),
        Measurement(name="later", unit="ms", values=(30.0,)),
    )


@pytest.mark.parametrize("text", ["", "later: x ms", "later:  ms", "later: 1 2", "later: 1 , 2 ms"])
def test_what_is_no_number_is_left(text: str) -> None:
    assert measured.read([LATER], text) == ()


def trial(method: Method, *processes: tuple[float, ...], number: int = 0) -> Trial:
    return Trial(
        experiment="start",
        environment="host-3.13",
        method=method,
        trial=number,
        outcome="ok",
        reason="",
        as_expected=True,
        expected=("ok",),
        measurements=tuple(Measurement(name="later", unit="ms", values=v) for v in processes),
    )


def levels(*trials: Trial) -> dict[Method, measurements.Level]:
    header = RunHeader(
        id="id", schema_version=SCHEMA_VERSION,
        startlab="1", catalogue="c", started="now", backend="native",
        selection=Selection(),
    )  # fmt: skip
    run = Run(header=header, environments=(), trials=trials, ends=())
    return {each.method: each for each in measurements.levels(run)}


def test_a_process_counts_once_by_its_median() -> None:
    found = levels(trial("fork", (1.0, 2.0, 90.0), (2.0, 2.0)), trial("fork", (2.0,), number=1))
    assert found["fork"].values == (2.0, 2.0, 2.0)
    assert found["fork"].middle == pytest.approx(2.0)
    assert found["fork"].interval == pytest.approx((2.0, 2.0))
    assert found["fork"].ratio is None


def test_a_ratio_is_to_fork_of_the_same_environment() -> None:
    found = levels(trial("fork", (1.0,), (2.0,)), trial("spawn", (10.0,), (20.0,)))
    assert found["spawn"].ratio == pytest.approx(10.0)
    low, high = found["spawn"].ratio_interval or (0.0, 0.0)
    assert low < 10.0 < high
    assert low * high == pytest.approx(100.0)  # symmetric on a logarithmic scale


def test_without_fork_there_is_no_ratio_and_of_one_process_no_interval() -> None:
    found = levels(trial("spawn", (10.0,)))["spawn"]
    assert found.middle == pytest.approx(10.0)
    assert found.interval is None
    assert found.ratio is None


def test_a_clock_that_did_not_advance_is_no_error() -> None:
    middle, interval = measurements.geometric_mean([0.0, 1.0])
    assert middle > 0
    assert interval is not None


@pytest.mark.targets
@pytest.mark.parametrize("processes", [3, 5, 12])
def test_the_interval_has_the_truth_in_it_19_times_of_20(processes: int) -> None:
    chance = random.Random(1)  # noqa: S311 - not a secret
    rounds = 2000
    hits = 0
    for _ in range(rounds):
        values = [math.exp(chance.gauss(3.0, 0.4)) for _ in range(processes)]
        base = [math.exp(chance.gauss(1.0, 0.1)) for _ in range(processes)]
        _, interval = measurements.geometric_ratio(values, base)
        assert interval is not None
        hits += interval[0] <= math.exp(2.0) <= interval[1]
    assert 0.93 < hits / rounds < 0.99  # rounding the degrees of freedom down is on the safe side

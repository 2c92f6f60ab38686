"""What the soak of the catalogue calls a flip."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from startlab.model import Cell, Outcome, PlannedEnvironment, Run, RunHeader, Selection, Trial

if TYPE_CHECKING:
    from collections.abc import Iterable

HANG: tuple[Outcome, ...] = ("hang",)
MOSTLY = (*HANG * 19, "ok")
CELL = Cell(experiment="lock", environment="host-3.13", method="fork")


@pytest.fixture(scope="module")
def soak() -> Any:
    path = Path(__file__).parent / "soak_catalogue.py"
    spec = importlib.util.spec_from_file_location("soak_catalogue", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(outcomes: Iterable[Outcome], *expected: Outcome) -> Run:
    header = RunHeader(
        id="id", schema_version=1, startlab="1", catalogue="c", started="now", backend="native",
        selection=Selection(),
    )  # fmt: skip
    trials = tuple(
        Trial(
            experiment="lock", environment="host-3.13", method="fork", trial=number,
            outcome=outcome, reason="why", as_expected=outcome in expected, expected=expected,
        )
        for number, outcome in enumerate(outcomes)
    )  # fmt: skip
    planned = PlannedEnvironment(name="host-3.13", cells=(CELL,))
    return Run(header=header, environments=(planned,), trials=trials, ends=())


def test_an_experiment_that_flips_without_declaring_it_is_reported(soak: Any) -> None:
    found = run(MOSTLY, "hang")
    assert [*soak.flips(found)] == ["lock × host-3.13 × fork flips: hang 19 times, ok 1 times; why"]
    assert [*soak.deviations(found)] == []


def test_one_that_declares_both_is_not(soak: Any) -> None:
    found = run(MOSTLY, "hang", "ok")
    assert [*soak.flips(found), *soak.deviations(found)] == []


def test_one_that_is_always_otherwise_is_a_deviation_and_no_flip(soak: Any) -> None:
    found = run(["ok"] * 20, "hang")
    assert [*soak.flips(found)] == []
    assert [*soak.deviations(found)] == [
        "lock × host-3.13 × fork is not as expected: ok 20/20; why"
    ]


def test_one_that_was_never_run_is_a_deviation(soak: Any) -> None:
    assert len([*soak.deviations(run([]))]) == 1

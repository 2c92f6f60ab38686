"""How long trials took, remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from startlab import catalogue
from startlab.model import Cell, Trial
from startlab.report import durations
from startlab.report.durations import Durations

if TYPE_CHECKING:
    from pathlib import Path

CELL = Cell(experiment="mine", environment="host-3.13", method="fork")


def trial(seconds: float, outcome: str = "ok", cell: Cell = CELL) -> Trial:
    return Trial(
        experiment=cell.experiment, environment=cell.environment, method=cell.method, trial=0,
        outcome=outcome, reason="", as_expected=True, expected=None, duration_s=seconds,  # type: ignore[arg-type]
    )  # fmt: skip


def test_what_a_cell_took_is_what_it_will_take(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "durations.json"
    first = Durations(path)
    first.learn(trial(3.5))
    first.learn(trial(0, "unsupported", Cell(experiment="x", environment="e", method="spawn")))
    assert first.expect(CELL) == 3.5
    first.save()
    second = Durations(path)
    assert second.expect(CELL) == 3.5
    second.save()
    assert Durations(path).expect(CELL) == 3.5


def test_a_cell_that_never_ran_takes_what_its_experiment_did_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "durations", lambda: {"countdown": 2.5})
    known = Durations(tmp_path / "x")
    cell = Cell(experiment="countdown", environment="host-9.9", method="fork")
    assert known.expect(cell) == 2.5


def test_without_anything_known_this_run_is_the_guess(tmp_path: Path) -> None:
    known = Durations(tmp_path / "x")
    other = Cell(experiment="other", environment="e", method="fork")
    assert known.expect(other) == 1.0
    known.learn(trial(5))
    assert known.expect(other) == 5.0


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"a": "b"}', b"\xff", b'{"mine host-3.13 fork": -1}']
)
def test_a_damaged_memory_is_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "durations.json"
    path.write_bytes(data)
    assert Durations(path).expect(CELL) in (0.0, 1.0)


def test_nowhere_to_remember_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    known = Durations(tmp_path / "file" / "durations.json")
    known.learn(trial(1))
    known.save()


def test_no_more_is_remembered_than_is_useful(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "MOST", 3)
    known = Durations(tmp_path / "x")
    for number in range(9):
        cell = Cell(experiment=f"mine {number}", environment="e", method="fork")
        known.learn(trial(7, cell=cell))
    known.save()
    kept = [
        Durations(tmp_path / "x").expect(
            Cell(experiment=f"mine {number}", environment="e", method="fork")
        )
        for number in range(9)
    ]
    assert kept == [1.0] * 6 + [7.0] * 3

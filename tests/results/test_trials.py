"""Trials that are made when they are asked for, and those of each cell."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING

import pytest

from startlab.model import Cell, PlannedEnvironment, Run, RunHeader, Selection, Trial
from startlab.results.trials import ByCell, Trials, by_cell, cells_of

if TYPE_CHECKING:
    from collections.abc import Sequence

A, B, C, D = (Cell(experiment=name, environment="host-3.13", method="fork") for name in "abcd")
HEADER = RunHeader(
    id="id", schema_version=1, startlab="1", catalogue="c", started="now", backend="native",
    selection=Selection(),
)  # fmt: skip


def trial(of: Cell, number: int) -> Trial:
    return Trial(
        experiment=of.experiment, environment=of.environment, method=of.method, trial=number,
        outcome="ok", reason="", as_expected=True, expected=("ok",),
    )  # fmt: skip


class Made(Trials):
    """Trials of some cells; `made` counts how many were asked for."""

    def __init__(self, *cells: Cell) -> None:
        self._cells = cells
        self.made = 0

    @property
    def cells(self) -> Sequence[Cell]:
        return self._cells

    def __len__(self) -> int:
        return len(self._cells)

    def make(self, place: int) -> Trial:
        self.made += 1
        return trial(self._cells[place], place)


def run_of(trials: Sequence[Trial]) -> Run:
    planned = PlannedEnvironment(name="host-3.13", cells=(A, B, C, A))
    return Run(header=HEADER, environments=(planned,), trials=trials, ends=())


def test_they_are_a_sequence_like_any_other() -> None:
    made, kept = Made(B, A, B), (trial(B, 0), trial(A, 1), trial(B, 2))
    assert made == kept
    assert kept == made
    assert made == Made(B, A, B)
    assert made != kept[:2]
    assert made != Made(B, A, A)
    assert made != "abc"
    assert made[-1] == kept[2]
    assert made[1:] == kept[1:]
    assert made[::-1] == kept[::-1]
    assert list(reversed(made)) == [*kept[::-1]]
    assert kept[1] in made
    assert list(zip(made, made, strict=True)) == list(zip(kept, kept, strict=True))
    for place in (3, -4):
        with pytest.raises(IndexError):
            made[place]
    assert repr(made) == "<3 trials>"


def test_a_run_with_them_can_be_copied_and_sent_to_another_process() -> None:
    run = run_of(Made(B, A))
    for other in (pickle.loads(pickle.dumps(run)), copy.deepcopy(run)):  # noqa: S301 - our own
        assert other == run
        assert type(other.trials) is tuple


@pytest.mark.parametrize("kept", [True, False])
def test_cells_are_those_of_the_plan_and_then_others(*, kept: bool) -> None:
    made = Made(C, D, A, C, D, C)
    found = list(by_cell(run_of(tuple(made) if kept else made)))
    assert [cell for cell, _ in found] == [A, B, C, D]
    assert [[each.trial for each in trials] for _, trials in found] == [[2], [], [0, 3, 5], [1, 4]]
    assert [trials.place(len(trials) - 1) for _, trials in found if trials] == [2, 5, 4]
    for cell, trials in found:
        assert list(cells_of(trials)) == [cell] * len(trials)


def test_no_trial_is_made_to_know_its_cell() -> None:
    made = Made(C, D, A)
    every = ByCell(run_of(made))
    assert (every.planned, len(every.cells), made.made) == (3, 4, 0)
    dict(by_cell(run_of(made)))[A][0]
    assert made.made == 1


def test_a_run_without_trials_has_its_plan() -> None:
    assert [(cell, len(trials)) for cell, trials in by_cell(run_of(()))] == [(A, 0), (B, 0), (C, 0)]

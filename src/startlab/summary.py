"""Trials → what each planned cell came to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from startlab.model import Cell, Outcome, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Run

Z_95: Final = 1.959964
"""Of the normal distribution: 95 % lie within that many standard deviations."""


class CellSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What the trials of a planned cell came to.

    `outcome` speaks for the cell: that of the first trial that is not as expected, else of a race
    the typical one if it was seen, else the first trial's; `count` trials had it. `interval` is
    the 95 % confidence interval of its share, None of a single trial. `missing` are planned cells
    without a trial.
    """

    cell: Cell
    trials: tuple[Trial, ...]
    outcome: Outcome | Literal["missing"]
    as_expected: bool
    reason: str
    count: int = 0
    interval: tuple[float, float] | None = None

    @property
    def first(self) -> Trial | None:
        """The trial that speaks for the cell."""
        return next((each for each in self.trials if each.outcome == self.outcome), None)

    @property
    def word(self) -> str:
        """The outcome; of several trials in how many, of a race how often: `hang 3/5, 23–88 %`."""
        if len(self.trials) < 2:
            return self.outcome
        word = f"{self.outcome} {self.count}/{len(self.trials)}"
        if self.interval is None or all(trial.frequency is None for trial in self.trials):
            return word
        low, high = (round(share * 100) for share in self.interval)
        return f"{word}, {low}–{high} %"


def summarise(run: Run) -> tuple[CellSummary, ...]:
    """Put the trials of every planned cell together, in the order of the plan."""
    trials: dict[Cell, list[Trial]] = {cell: [] for cell in run.planned}
    for trial in run.trials:
        if trial.cell in trials:
            trials[trial.cell].append(trial)
    return tuple(_summary(cell, tuple(found)) for cell, found in trials.items())


def _summary(cell: Cell, trials: tuple[Trial, ...]) -> CellSummary:
    if not trials:
        return CellSummary(
            cell=cell,
            trials=(),
            outcome="missing",
            as_expected=False,
            reason="planned, and never run",
        )
    typical = (each for each in trials if each.frequency and each.outcome == _typical(each))
    unexpected = (trial for trial in trials if not trial.as_expected)
    first = next(unexpected, None) or next(typical, trials[0])
    count = sum(trial.outcome == first.outcome for trial in trials)
    rare = _out_of_frequency(trials)
    return CellSummary(
        cell=cell,
        trials=trials,
        outcome=first.outcome,
        as_expected=first.as_expected and rare is None,
        reason="; ".join(part for part in (first.reason, rare) if part),
        count=count,
        interval=wilson(count, len(trials)) if len(trials) > 1 else None,
    )


def _typical(trial: Trial) -> Outcome | None:
    return trial.expected[0] if trial.expected else None


def _out_of_frequency(trials: Sequence[Trial]) -> str | None:
    """Say how often a race went the typical way, if the range that is expected excludes it."""
    expected, frequency = trials[0].expected, trials[0].frequency
    if not expected or frequency is None:
        return None
    count, of = sum(trial.outcome == expected[0] for trial in trials), len(trials)
    low, high = wilson(count, of)
    if high >= frequency[0] and low <= frequency[1]:
        return None
    return (
        f"{expected[0]} {count} of {of} times (95 % interval {low:.0%} to {high:.0%}), "
        f"expected {frequency[0]:.0%} to {frequency[1]:.0%}"
    )


def wilson(count: int, of: int) -> tuple[float, float]:
    """Give the 95 % confidence interval of a share, `count` of `of`, after Wilson (1927).

    It holds for few trials and for shares near 0 and 1, where the normal approximation does not.
    """
    share = count / of
    spread = Z_95**2 / of
    middle = (share + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(share * (1 - share) / of + Z_95**2 / (4 * of**2)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)

"""Trials → the result of each planned cell."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from startlab.model import (
    Cell,
    ExitCodeRead,
    FailureRead,
    Method,
    Outcome,
    SignalSent,
    TaskFailed,
    Trial,
)
from startlab.results.trials import ByCell, OfCell

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from startlab.model import Run

WELL: Final[tuple[Outcome, ...]] = ("ok", "differs")
"""The outcomes of a user's program that ended with exit status 0."""

Z_95: Final = 1.959964
"""Of the normal distribution: 95 % lie within this many standard deviations."""


class CellSummary(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The result of the trials of a planned cell.

    `outcome` speaks for the cell: that of the first trial that is not as expected, else of a race
    the typical one if it was seen, else the first trial's; `count` trials had it, the first of them
    at `place`. `interval` is the 95 % confidence interval of its share, None of a single trial.
    `is_race` where a frequency is expected, `outputs` are the output groups there were, and
    `duration_s` is that of all trials together. `child_failed` where the program ended well, but a
    child of it with a status other than 0, which the program did not ask for. `run_as` is the
    method of the cell that was run for this one, too. `missing` are planned
    cells without a trial.
    `every` knows where its trials are, `number` is its own there.
    """

    cell: Cell
    every: ByCell
    number: int
    outcome: Outcome | Literal["missing"]
    as_expected: bool
    reason: str
    count: int = 0
    place: int = 0
    interval: tuple[float, float] | None = None
    is_race: bool = False
    outputs: tuple[str, ...] = ()
    duration_s: float = 0.0
    child_failed: bool = False
    run_as: Method | None = None

    @property
    def trials(self) -> Sequence[Trial]:
        """All trials of the cell, in their order; they are not kept in memory."""
        return OfCell(self.every, self.number)

    @property
    def first(self) -> Trial | None:
        """The first trial with the outcome of the cell."""
        return self.trials[self.place] if self.trials else None

    @property
    def word(self) -> str:
        """The outcome; of several trials in how many, of a race how often: `hang 3/5, 23–88 %`.

        One that is that of another cell says so: `hang 2/2 as fork`.
        """
        return f"{self._word} as {self.run_as}" if self.run_as else self._word

    @property
    def _word(self) -> str:
        if len(self.trials) < 2:
            return self.outcome
        word = f"{self.outcome} {self.count}/{len(self.trials)}"
        if self.interval is None or not self.is_race:
            return word
        low, high = (round(share * 100) for share in self.interval)
        return f"{word}, {low}–{high} %"


def of_program(cells: Collection[CellSummary]) -> str:
    """Summarize the cells of a program in a few words: `4 ok, 2 hang`.

    A program has no expectations: each start method is compared with the others.
    """
    counts = Counter(each.outcome for each in cells)
    said = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    outputs = len({each for cell in cells if cell.outcome in WELL for each in cell.outputs})
    return said if outputs < 2 else f"{said}, with {outputs} different outputs"


def summarise(run: Run) -> tuple[CellSummary, ...]:
    """Summarize the trials of every planned cell, in the order of the plan."""
    every = ByCell(run)
    return tuple(_summary(every, number) for number in range(every.planned))


def _summary(every: ByCell, number: int) -> CellSummary:
    """Go through the trials of a cell once, keeping only those that may represent it."""
    trials = OfCell(every, number)
    first = unexpected = typical = None
    counts: Counter[Outcome] = Counter()
    places: dict[Outcome, int] = {}
    outputs: set[str] = set()
    duration_s = 0.0
    is_race = child_failed = False
    for place, trial in enumerate(trials):
        first = first or trial
        if not trial.as_expected:
            unexpected = unexpected or trial
        if trial.frequency is not None:
            is_race = True
            if trial.outcome == _typical(trial):
                typical = typical or trial
        if trial.output_group is not None:
            outputs.add(trial.output_group)
        child_failed = child_failed or (trial.program is not None and has_failed_child(trial))
        counts[trial.outcome] += 1
        places.setdefault(trial.outcome, place)
        duration_s += trial.duration_s
    speaks = unexpected or typical or first
    if first is None or speaks is None:
        return CellSummary(
            cell=every.cells[number],
            every=every,
            number=number,
            outcome="missing",
            as_expected=False,
            reason="planned, and never run",
        )
    rare = _out_of_frequency(first, counts)
    count = counts[speaks.outcome]
    return CellSummary(
        cell=every.cells[number],
        every=every,
        number=number,
        outcome=speaks.outcome,
        as_expected=speaks.as_expected and rare is None,
        reason="; ".join(part for part in (speaks.reason, rare) if part),
        count=count,
        place=places[speaks.outcome],
        interval=wilson(count, len(trials)) if len(trials) > 1 else None,
        is_race=is_race,
        outputs=tuple(sorted(outputs)),
        duration_s=duration_s,
        child_failed=child_failed,
        run_as=first.run_as,
    )


def has_failed_child(trial: Trial) -> bool:
    """Tell whether a child or a task failed in a trial that ended well, and nothing looked at it.

    One that a signal ended was ended on purpose, else the trial is a crash; so was one that exits
    with the number of the signal that it was sent.
    """
    if trial.outcome not in WELL or any(isinstance(clue, ExitCodeRead) for clue in trial.clues):
        return False
    kinds = {type(clue) for clue in trial.clues}
    if TaskFailed in kinds and FailureRead not in kinds:
        return True
    sent = [(clue.child, clue.number) for clue in trial.clues if isinstance(clue, SignalSent)]
    ended = {(child, number + more) for child, number in sent for more in (0, 128)}
    return any(
        start.exit_code is not None
        and start.exit_code > 0
        and (start.child, start.exit_code) not in ended
        for start in trial.starts
    )


def _typical(trial: Trial) -> Outcome | None:
    return trial.expected[0] if trial.expected else None


def _out_of_frequency(first: Trial, counts: Counter[Outcome]) -> str | None:
    """Return how often a race had the typical outcome, if that is not the expected range."""
    expected, frequency = first.expected, first.frequency
    if not expected or frequency is None:
        return None
    count, of = counts[expected[0]], counts.total()
    low, high = wilson(count, of)
    if high >= frequency[0] and low <= frequency[1]:
        return None
    return (
        f"{expected[0]} {count} of {of} times (95 % interval {low:.0%} to {high:.0%}), "
        f"expected {frequency[0]:.0%} to {frequency[1]:.0%}"
    )


def wilson(count: int, of: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share, `count` of `of`, after Wilson (1927).

    It also holds for few trials and for shares near 0 and 1, unlike the normal approximation.
    """
    share = count / of
    spread = Z_95**2 / of
    middle = (share + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(share * (1 - share) / of + Z_95**2 / (4 * of**2)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)

"""Trials that are not kept in memory, and the trials of each cell."""

from __future__ import annotations

from abc import abstractmethod
from array import array
from collections.abc import Sequence
from itertools import accumulate
from operator import eq
from typing import TYPE_CHECKING, overload

import msgspec

from startlab.model import Cell, Raised, Trial
from startlab.output.tracebacks import find_tracebacks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from startlab.model import Program, Run


class Trials(Sequence[Trial]):
    """Trials, each of which is made again whenever it is accessed.

    They are equal to any sequence of equal trials; slicing or unpickling gives a tuple.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    @property
    @abstractmethod
    def cells(self) -> Sequence[Cell]:
        """The cell of each trial, which is known without making the trial."""

    @abstractmethod
    def make(self, place: int) -> Trial:
        """Make the trial at a place, which is not negative. Raises IndexError."""

    @overload
    def __getitem__(self, index: int) -> Trial: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Trial, ...]: ...
    def __getitem__(self, index: int | slice) -> Trial | tuple[Trial, ...]:
        places = range(len(self))[index]
        return self.make(places) if isinstance(places, int) else tuple(map(self.make, places))

    def __iter__(self) -> Iterator[Trial]:
        return map(self.make, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(map(eq, self, other))

    def __reduce__(self) -> tuple[type, tuple[tuple[Trial, ...]]]:
        return tuple, (tuple(self),)

    def __repr__(self) -> str:
        return f"<{len(self)} trials>"


class OfCell(Trials):
    """The trials of one cell of a run."""

    __slots__ = ("_every", "_number")

    def __init__(self, every: ByCell, number: int) -> None:
        self._every = every
        self._number = number

    @property
    def cells(self) -> Sequence[Cell]:
        """The cell, as often as it has trials."""
        return [self._every.cells[self._number]] * len(self)

    def __len__(self) -> int:
        return self._every.ends[self._number] - self._start

    def make(self, place: int) -> Trial:
        """Make the trial from the run's."""
        return self._every.trials[self.place(place)]

    def place(self, place: int) -> int:
        """Return the place in the run of a trial, given its place here."""
        return self._every.places[self._start + place]

    @property
    def _start(self) -> int:
        return self._every.ends[self._number - 1] if self._number else 0


class ByCell:
    """Where the trials of each cell are among all those of a run, in 4 bytes for each.

    The first `planned` of the `cells` are those of the plan, in its order; others were run without
    being in it. `places` has the trials of one cell after another, each in the run's order; `ends`
    says where those of each cell end.
    """

    def __init__(self, run: Run) -> None:
        ran = cells_of(run.trials)
        numbers: dict[Cell, int] = {}
        for cell in run.planned:
            numbers.setdefault(cell, len(numbers))
        self.planned = len(numbers)
        for cell in ran:
            numbers.setdefault(cell, len(numbers))
        of = array("I", map(numbers.__getitem__, ran))
        counts = array("I", [0]) * len(numbers)
        for number in of:
            counts[number] += 1
        self.trials = run.trials
        self.cells = tuple(numbers)
        self.ends = array("I", accumulate(counts))
        self.places = array("I", sorted(range(len(of)), key=of.__getitem__))


def cells_of(trials: Sequence[Trial]) -> Sequence[Cell]:
    """Return the cell of each trial."""
    return trials.cells if isinstance(trials, Trials) else [trial.cell for trial in trials]


def by_cell(run: Run) -> Iterator[tuple[Cell, OfCell]]:
    """Yield every cell of a run with its trials, in the order of `ByCell`."""
    every = ByCell(run)
    for number, cell in enumerate(every.cells):
        yield cell, OfCell(every, number)


def ends(trials: Iterable[Trial]) -> frozenset[tuple[str | None, ...]]:
    """Give how a test's trials ended: tests of which this is the same may have one cause.

    An exception's words are the same wherever it is raised; those of an assertion say little. A
    helper of the program's may raise the same for whatever its children have raised.
    """
    return frozenset(
        (trial.environment, trial.method, trial.outcome, *_told(trial), *_by_children(trial))
        for trial in trials
    )


def _by_children(trial: Trial) -> list[str]:
    """Give what has ended the children of a trial, each once."""
    texts = [each.traceback for each in trial.clues if isinstance(each, Raised)]
    raised = [each.exception for text in texts for each in find_tracebacks(text)]
    return sorted({f"{each.type}: {each.message}" for each in raised})


def _told(trial: Trial) -> tuple[str | None, ...]:
    raised = trial.exception
    if raised is None or raised.type == "AssertionError" or not raised.message:
        return (raised.type if raised else None), trial.where
    return raised.type, raised.message


def of_test(run: Run, test: str, program: Program) -> Run:
    """Give the part of a suite's run that is about one test, as the run of a `program`."""
    return msgspec.structs.replace(
        run,
        header=msgspec.structs.replace(run.header, program=program),
        environments=tuple(
            msgspec.structs.replace(
                each, cells=tuple(cell for cell in each.cells if cell.experiment == test)
            )
            for each in run.environments
        ),
        trials=tuple(trial for trial in run.trials if trial.experiment == test),
        experiments=(),
    )

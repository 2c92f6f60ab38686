"""The cells that an experiment compares: those that fail, or print something else, with good ones.

A cell is bad where its trials fail, or print something else, and good where all of them are ok.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.model import Unpicklable
from startlab.output.compare import compare
from startlab.results.summary import WELL, has_failed_child

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from startlab.model import CauseExperiment, Cell, Trial

TRACEBACK: Final = "Traceback (most recent call last)"


class World(NamedTuple):
    """The trials of one cell that were run without any change."""

    cell: Cell
    trials: list[Trial]

    @property
    def is_good(self) -> bool:
        """Whether all are ok, no child of theirs has failed, and they print the same."""
        groups = {trial.output_group for trial in self.trials}
        well = all(trial.outcome in WELL for trial in self.trials)
        return len(groups) == 1 and well and not self.loses_children

    @property
    def loses_children(self) -> bool:
        """Whether a child has failed in one that ended well all the same."""
        return any(map(has_failed_child, self.trials))

    @property
    def group(self) -> str | None:
        """The letter of what all print."""
        return self.trials[0].output_group

    @property
    def is_unstable(self) -> bool:
        """Whether all end well, and do not print the same."""
        groups = {trial.output_group for trial in self.trials}
        return len(groups) > 1 and all(trial.outcome in WELL for trial in self.trials)

    @property
    def has_raised(self) -> bool:
        """Whether a process of it has raised, however the program ended."""
        return any(TRACEBACK in trial.stderr for trial in self.trials)

    @property
    def is_shown(self) -> bool:
        """Whether the program ends where it hands over what cannot be pickled: no aspect helps.

        Not so where a module's name stands for another object: an aspect may be the reason.
        """
        return all(trial.outcome == "error" and _hands_over(trial) for trial in self.trials)

    @property
    def is_bad(self) -> bool:
        """Whether none is ok, and all end alike."""
        return len({trial.outcome for trial in self.trials} - {"undecided"}) == 1


def _hands_over(trial: Trial) -> bool:
    """Tell whether a trial ended where pickle refused what was to be handed over."""
    refused = [each for each in trial.clues if isinstance(each, Unpicklable)]
    return any(each.where == trial.where and "replaced" not in each.type for each in refused)


def prints_more(world: World, other: World) -> bool:
    """Tell whether both end well, and one prints all that the other does: it has lost nothing."""
    lines = compare(world.trials[0].output, other.trials[0].output)
    return world.is_good and other.is_good and not lines.only_second


def pairs(worlds: Sequence[World]) -> Iterator[tuple[World, World | None]]:
    """Give each bad world of an environment, with the good one that an aspect is taken from.

    What prints something else in each trial is bad where others are good: forks may share what they
    have copied, and children of spawn lack what keeps it from varying. Of two that are ok and print
    different things, none is known to be right: each may be what the other is measured by, but one
    in which no child has raised is no worse than one in which some child has. What fails
    everywhere, be it only a child, has no good one.
    """
    good = [world for world in worlds if world.is_good]
    for bad in worlds:
        if bad.is_shown:
            continue
        if bad.is_bad and bad.trials[0].outcome not in WELL:
            yield bad, good[0] if good else None
        elif good and (bad.is_unstable or (bad.is_bad and bad.loses_children)):
            yield bad, good[0]
        elif not good and bad.is_bad and bad.loses_children and bad.has_raised:
            yield bad, None
    # Who prints what fewer others print is the likelier one; what forks have, others may lack.
    alike = Counter(world.group for world in good)
    likely = sorted(good, key=lambda e: (not e.has_raised, e.cell.method == "fork", alike[e.group]))
    for bad in likely:
        other = next(
            (e for e in good if e.group != bad.group and e.has_raised <= bad.has_raised), None
        )
        if other is not None:
            yield bad, other


def explains(made: CauseExperiment, bad: World) -> bool:
    """Tell whether an experiment is about a cell, or about the other side of its difference."""
    cell = bad.cell
    other = (made.good_environment or made.environment, made.good)
    return (made.environment, made.method) == (cell.environment, cell.method) or (
        bad.is_good and other == (cell.environment, cell.method)
    )


def elsewhere(bad: World, good: World | None) -> str:
    """Name the environment of a good world, if it is another one."""
    there = good.cell.environment if good else bad.cell.environment
    return "" if there == bad.cell.environment else there

"""Which cells of a program print the same."""

from __future__ import annotations

import string
from array import array
from typing import TYPE_CHECKING

import msgspec

from startlab.results.trials import Trials, by_cell, cells_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Cell, Run, Trial


class _Grouped(Trials):
    """Trials of the user's program with the numbers of their output groups, -1 for none."""

    __slots__ = ("_agree", "_groups", "_of")

    def __init__(self, of: Sequence[Trial], groups: array[int], *, agree: bool) -> None:
        self._of = of
        self._groups = groups
        self._agree = agree

    @property
    def cells(self) -> Sequence[Cell]:
        return cells_of(self._of)

    def __len__(self) -> int:
        return len(self._of)

    def make(self, place: int) -> Trial:
        trial, group = self._of[place], self._groups[place]
        if group < 0:
            return trial
        return msgspec.structs.replace(
            trial,
            output_group=letter(group),
            as_expected=trial.as_expected and self._agree,
            reason=trial.reason or ("" if self._agree else f"prints {letter(group)}"),
        )


def grouped(run: Run) -> Run:
    """Assign output groups to the trials of the user's program: same letter, same output.

    The letters follow the plan, so that they do not depend on which trial ended first. If there is
    more than one, none of them counts as right, and no trial is as expected; only if the user gave
    the expected output can one be `wrong`.
    """
    program = run.header.program
    if program is None or isinstance(run.trials, _Grouped):
        return run
    groups = _groups(run)
    agree = max(groups, default=-1) < 1 or program.stdout is not None
    return msgspec.structs.replace(run, trials=_Grouped(run.trials, groups, agree=agree))


def _groups(run: Run) -> array[int]:
    """Group trials whose outputs have the same digest or the same shape."""
    groups = array("l", [-1]) * len(run.trials)
    known: dict[str, int] = {}
    count = 0
    for _, trials in by_cell(run):
        numbers = [trial.trial for trial in trials]
        for each in sorted(range(len(trials)), key=numbers.__getitem__):
            trial = trials[each]
            if trial.outcome not in ("ok", "wrong"):
                continue
            # A truncated output has no digest: no two of them are known to be equal.
            keys = [key for key in (trial.stdout_digest, trial.stdout_shape) if key is not None]
            group = next((known[key] for key in keys if key in known), count)
            count = max(count, group + 1)
            groups[trials.place(each)] = group
            for key in keys:
                known.setdefault(key, group)
    return groups


def letter(number: int) -> str:
    """Return A, B, …, Z, AA, AB, … for 0, 1, and so on."""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = string.ascii_uppercase[rest] + name
    return name

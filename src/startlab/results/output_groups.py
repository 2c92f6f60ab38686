"""Which cells of a program print the same."""

from __future__ import annotations

import string
from array import array
from typing import TYPE_CHECKING

import msgspec

from startlab.results.trials import Trials, by_cell, cells_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from startlab.model import Cell, Run, Trial


class _Grouped(Trials):
    """Trials of a user's program with their output groups, by number, -1 where there is none.

    `differing` are the environments whose trials do not all print what those print that they are
    compared with; `varying` are the files in each environment that are not compared.
    """

    __slots__ = ("_differing", "_groups", "_of", "_varying")

    def __init__(
        self,
        of: Sequence[Trial],
        groups: array[int],
        differing: Collection[str],
        varying: Mapping[str, Collection[str]],
    ) -> None:
        self._of = of
        self._groups = groups
        self._differing = differing
        self._varying = varying

    @property
    def cells(self) -> Sequence[Cell]:
        return cells_of(self._of)

    def __len__(self) -> int:
        return len(self._of)

    def make(self, place: int) -> Trial:
        trial, group = self._of[place], self._groups[place]
        if names := self._varying.get(trial.environment):
            trial = msgspec.structs.replace(
                trial,
                written={file: text for file, text in trial.written.items() if file not in names},
                written_shapes=trial.written_shapes | dict.fromkeys(names, ""),
            )
        if group < 0:
            return trial
        name = letter(group)
        if trial.environment not in self._differing:
            return msgspec.structs.replace(trial, output_group=name)
        return msgspec.structs.replace(
            trial,
            outcome="differs",
            output_group=name,
            as_expected=False,
            reason=trial.reason or f"prints output {name}, unlike other trials",
        )


def grouped(run: Run) -> Run:
    """Assign output groups to the trials of the user's program: same letter, same output.

    The letters go by the plan, so that they do not depend on which trial ended first. Where the
    trials of one environment have more than one, none of them is called right: each of these trials
    `differs`. Outputs that differ only from one environment to another depend on the Python or the
    platform, not on the start method: these trials stay ok, unless each environment was run under
    another start method. Where the user has said what the output is to be, `wrong` tells, and
    nothing `differs`. What a program writes into its folder is output too, but for files that are
    others in each trial of a cell, as a log is with its times.
    """
    program = run.header.program
    if program is None or isinstance(run.trials, _Grouped):
        return run
    varying = _varying(run)
    groups = _groups(run, varying)
    differing = frozenset() if program.stdout is not None else _differing(run, groups)
    return msgspec.structs.replace(run, trials=_Grouped(run.trials, groups, differing, varying))


def prints_the_same(one: Trial, other: Trial) -> bool:
    """Whether two trials print and write the same, but for durations, process ids and the like."""
    written = one.written_shapes, other.written_shapes
    for file in written[0].keys() | written[1].keys():
        shapes = {each.get(file) for each in written}
        if len(shapes) > 1 and "" not in shapes:
            return False
    if one.stdout_digest == other.stdout_digest:
        return True
    return one.stdout_shape is not None and one.stdout_shape == other.stdout_shape


def _differing(run: Run, groups: array[int]) -> frozenset[str]:
    """Name the environments of which not all trials that ended well are of one group."""
    first: dict[str, int] = {}
    ran_in: dict[str, set[str]] = {}
    found = set()
    for cell, group in zip(cells_of(run.trials), groups, strict=True):
        if group < 0:
            continue
        ran_in.setdefault(cell.method, set()).add(cell.environment)
        if first.setdefault(cell.environment, group) != group:
            found.add(cell.environment)
    apart = len(ran_in) > 1 and all(len(environments) == 1 for environments in ran_in.values())
    if apart and len(set(first.values())) > 1:
        return frozenset(first)
    return frozenset(found)


def _varying(run: Run) -> dict[str, frozenset[str]]:
    """Name for each environment the files that are others in each trial of a cell."""
    found: dict[str, frozenset[str]] = {}
    for cell, trials in by_cell(run):
        if len(trials) == 1:
            continue
        shapes = [each.written_shapes for each in trials if each.outcome in ("ok", "wrong")]
        files = frozenset(
            file
            for file in frozenset[str]().union(*shapes)
            if len({each.get(file) for each in shapes}) > 1
        )
        if files:
            found[cell.environment] = found.get(cell.environment, frozenset()) | files
    return found


def _groups(run: Run, varying: Mapping[str, Collection[str]]) -> array[int]:
    """Group trials whose outputs have the same digest or the same shape."""
    groups = array("l", [-1]) * len(run.trials)
    known: dict[tuple[str, ...], int] = {}
    count = 0
    for _, trials in by_cell(run):
        numbers = [trial.trial for trial in trials]
        for each in sorted(range(len(trials)), key=numbers.__getitem__):
            trial = trials[each]
            if trial.outcome not in ("ok", "wrong"):
                continue
            names = varying.get(trial.environment, ())
            shapes = sorted(trial.written_shapes.items())
            written = [word for shape in shapes if shape[0] not in names for word in shape]
            # A truncated output has no digest: no two of them are known to be equal.
            printed = [key for key in (trial.stdout_digest, trial.stdout_shape) if key is not None]
            keys = [(key, *written) for key in printed]
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

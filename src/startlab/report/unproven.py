"""Hangs of the catalogue that the time limit alone decided, where hangs can be proven."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.judge.waiting import obstacle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from startlab.model import Run
    from startlab.results.summary import CellSummary

MOST_CELLS: Final = 6
"""Named; the journal has all."""


def hangs(run: Run, cells: Iterable[CellSummary]) -> str | None:
    """Name the hangs without a proof, and what stood in the way of the first; None if all have one.

    They are as expected: a program whose hang nobody can prove takes all of its time, and could be
    only slow.
    """
    if run.header.program is not None:
        return None  # findings tell how sure they are
    provable = {
        each.name
        for each in run.environments
        if each.environment is not None and each.environment.sys_platform == "linux"
    }
    found = {
        each.cell: trial.obstacle
        for each in cells
        if each.outcome == "hang" and each.cell.environment in provable
        for trial in each.trials
        if trial.outcome == "hang" and trial.grade in ("quiescent", "busy")
    }
    if not found:
        return None
    named = [f"{cell.experiment} × {cell.environment} × {cell.method}" for cell in found]
    which = ", ".join(named[:MOST_CELLS])
    if len(named) > MOST_CELLS:
        which += f" and {len(named) - MOST_CELLS} more"
    why = next(filter(None, found.values()), None)
    number = "1 hang is" if len(found) == 1 else f"{len(found)} hangs are"
    return f"{number} not proven: {which}{f' ({obstacle(why)})' if why else ''}"

"""Globals and environment variables that children do not have as their parent does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import ANEW
from startlab.diagnosis.told import SKIPPED_IF
from startlab.model import ChangedGlobal, LostVariable

if TYPE_CHECKING:
    from collections.abc import Sequence


def value_in(value: str, lines: str) -> bool:
    """Tell whether a word of a value is in the lines."""
    words = [word for word in re.findall(r"[\w.]+", value) if len(word) > 1 or word.isdigit()]
    return any(re.search(rf"\b{re.escape(word)}\b", lines) for word in words)


def differing_global(
    case: Case, clues: Sequence[ChangedGlobal | LostVariable], where: str | None, more: str = ""
) -> Cause:
    """Tell that globals are not what they were in the parent."""
    clue = clues[0]
    source = case.sources.file(case.sources.main)
    reset = clue.child if isinstance(clue, ChangedGlobal) else None
    changed = case.sources.changed(clue.name, case.test_part, reset or "")
    used = None if where else source.mentions(rf"^\s+.*\b{re.escape(clue.name)}\b")
    condition = case.sources.condition(changed) if reset is None else None
    place = condition or changed or where or (f"{case.sources.main}:{used}" if used else None)
    if isinstance(clue, LostVariable):
        name = re.escape(clue.name)
        line = source.mentions(
            rf"environ\[.{name}.\]\s*=|environ\.(update|setdefault)|putenv\(|{name}\s*=|"
            rf"setenv\(.{name}|patch\.dict\(.*environ.*{name}"
        )
        place = f"{case.sources.main}:{line}" if line else where
        alone = " Alone, the test may pass: the first start is its own." if case.test_part else ""
        return Cause(
            "environment_differs",
            f"the environment variable {clue.name}"
            + (f", set at {place}," if place else "")
            + " is not there in the children",
            "Children of the fork server have the environment that it was started with, by the "
            f"first start; what is set later does not reach them.{alone}{more}",
            place,
            key=clue.name,
        )
    made = None if changed else case.sources.made_anew(clue.name)
    names = ", ".join(f"`{each.name}`" for each in clues[:3])
    there = f"is {clue.child} in the children" if clue.child else "not in the children"
    at = f" at {place}" if changed else f", which shows at {place}" if place else ""
    return Cause(
        "made_in_each_child" if made else "global_differs",
        f"every child makes its own `{clue.name}` at {made}"
        if made
        else SKIPPED_IF.title.format(name=names, at=at)
        if condition
        else f"the children do not see the parent's change to {names}{at}",
        f"`{clue.name}` is {clue.parent} in the parent when it starts the child, and {there}. "
        f"{ANEW}{more}",
        made or place,
        key=" ".join(each.name for each in clues[:3]),
    )

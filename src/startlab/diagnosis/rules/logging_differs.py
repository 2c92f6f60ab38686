"""Logging that is set up in the parent alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.source.places import written

if TYPE_CHECKING:
    from startlab.output.compare import Difference


def logging_differs(case: Case, lines: Difference) -> Cause | None:
    """See that logging is set up where children do not come."""
    clues = case.clues("logging")
    if not clues or lines.only_first or not lines.only_second:
        return None
    where = written(case.sources, r"basicConfig|addHandler|dictConfig|fileConfig|setLevel")
    return Cause(
        "logging_differs",
        where or "",
        "what the children log is lost"
        + (f": logging is set up at {where}, where they do not come" if where else ""),
        f"In the parent the root logger is {clues[0].parent}, in the children {clues[0].child}.",
        where,
    )

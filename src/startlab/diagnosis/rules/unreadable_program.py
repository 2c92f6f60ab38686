"""A program that Python cannot read."""

from __future__ import annotations

from startlab.diagnosis.case import (
    Case,
    Cause,
    what_was_raised,
)


def unreadable_program(case: Case) -> Cause | None:
    """See that this Python cannot compile the program, or lacks what it imports."""
    trial = case.trial
    if trial.exception is None:
        return None
    said = what_was_raised(trial)
    if trial.exception.type in ("SyntaxError", "IndentationError", "TabError"):
        title = f"this Python cannot read the program: {said}"
        return Cause("syntax", said, title, "", trial.where)
    if trial.exception.type in ("ModuleNotFoundError", "ImportError"):
        return Cause("missing_module", said, said, "", trial.where)
    return None

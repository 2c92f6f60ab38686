"""Globals that children have with another value, or not at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause, is_remote
from startlab.diagnosis.globals import differing_global, value_in
from startlab.diagnosis.stacks import own_line
from startlab.output.tracebacks import first_line

if TYPE_CHECKING:
    from startlab.output.compare import Difference


def global_in_output(case: Case, lines: Difference) -> Cause | None:
    """See a global or an environment variable that differs in the lines."""
    clues = [*case.clues("global"), *case.clues("environment")]
    if not clues:
        return None
    text = " ".join([*lines.only_first, *lines.only_second])
    shown = [each for each in clues if value_in(each.parent, text) or value_in(each.child, text)]
    used = shown or clues
    return differing_global(case, used, None)


def global_differs(case: Case) -> Cause | None:
    """See that a child raises, and a global that it uses is not what it is in the parent."""
    differing = [*case.clues("global"), *case.clues("environment")]
    for traceback in case.tracebacks:
        if not traceback.child and not is_remote(traceback, case):
            continue
        where = own_line(traceback.frames)
        text = f"{case.sources.code(where)} {traceback.exception.message}"
        used = [
            clue
            for clue in differing
            if re.search(rf"\b{re.escape(clue.name.split('.')[-1])}\b", text)
        ]
        if not used and differing and traceback.exception.type in _OF_MISSING_STATE:
            used = differing[:1]
        if used:
            said = f"{traceback.exception.type}: {first_line(traceback.exception.message)}"
            return differing_global(case, used, where, f" It raises {said}, at {where}.")
        if traceback.exception.type == "NameError" and where is not None:
            return Cause(
                "global_differs",
                where,
                f"{first_line(traceback.exception.message)} in the child, at {where}",
                "A child that is no plain fork has only what the import of the main module makes; "
                'what is made below `if __name__ == "__main__":` or in a function is not there.',
                where,
            )
    return None


_OF_MISSING_STATE: Final = (
    "NameError", "KeyError", "AttributeError", "TypeError", "IndexError", "ValueError",
)  # fmt: skip

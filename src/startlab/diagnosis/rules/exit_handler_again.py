"""Exit handlers that run in children too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from startlab.diagnosis.case import OF_WHAT_IS_GONE, Case, Cause
from startlab.diagnosis.stacks import own_line
from startlab.output.tracebacks import first_line

if TYPE_CHECKING:
    from startlab.output.compare import Difference


def exit_handler_in_output(case: Case, _: Difference) -> Cause | None:
    """See that the main module's exit handlers run in children too."""
    clues = case.clues("exit handler")
    if not clues:
        return None
    clue = clues[0]
    return Cause(
        "exit_handler_again",
        clue.where or "",
        f"{clue.name}, registered at {clue.where} by the main module, also runs when a child ends",
        "Each child that imports the main module registers its exit handlers anew, and runs them "
        "when it ends.",
        clue.where,
    )


def exit_handler_again(case: Case) -> Cause | None:
    """See that a child has run main's exit handlers, and cleared away what is the parent's."""
    clues = case.clues("exit handler")
    gone = [each for each in case.tracebacks if OF_WHAT_IS_GONE.search(each.exception.type)]
    if not clues or not gone:
        return None
    clue = clues[0]
    first = next((each for each in gone if not each.child), gone[0])
    missed = own_line(first.frames)
    return Cause(
        "exit_handler_again",
        clue.where or "",
        f"{clue.name}, registered at {clue.where} by the main module, also runs when a child ends",
        "Each child that imports the main module registers its exit handlers anew, and runs them "
        f"when it ends: the first that does clears away what the program still needs. At {missed} "
        f"it is missed: {first.exception.type}: {first_line(first.exception.message)}.",
        clue.where,
    )

"""Destructors that run in children too."""

from __future__ import annotations

from startlab.diagnosis.case import OF_WHAT_IS_GONE, Case, Cause
from startlab.diagnosis.source.places import written
from startlab.diagnosis.stacks import own_line
from startlab.output.tracebacks import first_line


def destructor_again(case: Case) -> Cause | None:
    """See that a child has cleared away, with its copy of an object, what is the parent's."""
    gone = [each for each in case.tracebacks if OF_WHAT_IS_GONE.search(each.exception.type)]
    where = written(case.sources, r"\bdef __del__\b|\bweakref\.finalize\(")
    if not gone or where is None or "fork" in case.trial.method_used:
        return None
    first = next((each for each in gone if not each.child), gone[0])
    return Cause(
        "destructor_again",
        where,
        f"the destructor at {where} also runs for the copy that a child is given, and clears away "
        "what the program still needs",
        "What is given to a child that is no plain fork is pickled and made again there: a second "
        "object, which knows the same file or folder, and whose end clears that away. At "
        f"{own_line(first.frames)} it is missed: {first.exception.type}: "
        f"{first_line(first.exception.message)}.",
        where,
    )

"""A signal handler that a fork copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from startlab.diagnosis.case import Case, Cause
from startlab.output import signals
from startlab.output.tracebacks import first_line

if TYPE_CHECKING:
    from startlab.output.compare import Difference


def signal_swallowed(case: Case) -> Cause | None:
    """See that a child that was to end by a signal has inherited a handler for it."""
    sent = {clue.name for clue in case.clues("signal sent") if clue.name.isdecimal()}
    handlers = {clue.name: clue for clue in case.clues("inherited handler")}
    for number in sent:
        name = signals.name_of(-int(number)) or ""
        if name in handlers:
            where = next(c.where for c in case.clues("signal sent") if c.name == number)
            return Cause(
                "handler_inherited",
                name,
                f"a child does not end by the {name} that it is sent"
                + (f" at {where}" if where else "")
                + ": it has inherited the parent's handler",
                "A forked child has its parent's signal handlers, here "
                f"{handlers[name].parent}, and runs it instead of ending.",
                where,
            )
    return None


def handler_in_output(case: Case, _: Difference) -> Cause | None:
    """See that a forked child runs its parent's signal handler."""
    clues = case.clues("inherited handler")
    if not clues or not case.clues("signal sent"):
        return None
    clue = clues[0]
    where = case.clues("signal sent")[0].where
    return Cause(
        "handler_inherited",
        clue.name,
        f"a forked child runs its parent's handler of {clue.name}"
        + (f", which it is sent at {where}" if where else ""),
        f"A forked child has its parent's signal handlers, here {clue.parent}.",
        where,
    )


def handler_in_child(case: Case) -> Cause | None:
    """See that a forked child has run its parent's signal handler, and failed in it."""
    clues = {clue.parent.rpartition(" at ")[2]: clue for clue in case.clues("inherited handler")}
    for traceback in case.tracebacks:
        for file, line in traceback.frames if traceback.child else ():
            clue = clues.get(f"{file}:{case.sources.file(file).function_of(line)}")
            if clue is None:
                continue
            where = f"{file}:{line}"
            said = f"{traceback.exception.type}: {first_line(traceback.exception.message)}"
            return Cause(
                "handler_inherited",
                clue.name,
                f"a forked child runs its parent's handler of {clue.name}, which raises {said} at "
                f"{where}",
                f"A forked child has its parent's signal handlers, here {clue.parent}, and what "
                "that does is meant for the parent: there, its children are not this one's.",
                where,
            )
    return None

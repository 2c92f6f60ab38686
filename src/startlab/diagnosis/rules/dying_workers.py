"""Workers that die and are replaced."""

from __future__ import annotations

import re

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.globals import differing_global
from startlab.diagnosis.stacks import own_line
from startlab.output.tracebacks import first_line


def respawning(case: Case) -> Cause | None:
    """See a pool whose workers die at once and are replaced for ever."""
    if case.trial.grade != "respawning" or not case.tracebacks:
        return None
    last = next((each for each in case.tracebacks[::-1] if each.child), case.tracebacks[-1])
    said = f"{last.exception.type}: {first_line(last.exception.message)}"
    where = own_line(last.frames) or case.where
    code = " ".join(case.sources.code(f"{file}:{line}") for file, line in last.frames)
    missing = [
        clue
        for clue in case.clues("global")
        if re.search(rf"\b{re.escape(clue.name.rpartition('.')[2])}\b", code)
    ]
    if missing:
        again = f" Every worker raises {said}, at {where}, and the pool replaces it, for ever."
        return differing_global(case, missing, where, again)
    return Cause(
        "dying_workers",
        f"{last.exception.type} {where}",
        f"every worker of the pool dies of {said}" + (f" at {where}" if where else ""),
        "multiprocessing.Pool replaces a worker that dies, without a word and for ever; the tasks "
        "that it had are lost, and who waits for them waits on.",
        where,
    )

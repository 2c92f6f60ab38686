"""A process that died by a signal."""

from __future__ import annotations

from startlab.diagnosis.case import (
    Case,
    Cause,
    last_words,
)
from startlab.diagnosis.stacks import own_lines
from startlab.output import signals


def died_by_signal(case: Case) -> Cause:
    """See that a process died by a signal, whatever the method."""
    stack = own_lines(case.trial.crash_stacks[-1]) if case.trial.crash_stacks else []
    where = stack[0] if stack else case.where
    said = last_words(case.trial.stderr)
    names = [signals.name_of(code) for _, code, _ in case.died if signals.name_of(code)]
    by = case.trial.signal or (names[0] if names else "a signal")
    who = "the program" if case.trial.signal else "a child"
    return Cause(
        "crash",
        f"{by} {where}",
        f"{who} dies by {by}" + (f" at {where}" if where else ""),
        f"Before it died it said: {said}" if said else "",
        where,
    )

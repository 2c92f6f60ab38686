"""Threads that wait for one another."""

from __future__ import annotations

from startlab.diagnosis.case import Case, Cause, without_numbers
from startlab.diagnosis.stacks import is_at, library_frames, line_of, own_frame


def waits(case: Case) -> Cause | None:
    """Tell who waits for what, where no mechanism is known."""
    found = list(case.threads())
    if not found:
        return None
    parts = []
    for process, thread in found[:6]:
        line = line_of(thread)
        at = f" at {line}" if line else ""
        if any(is_at(each, "synchronize.py", "wait") for each in library_frames(thread)):
            parts.append(f"{case.who(process)}{at} waits for an Event or a Condition")
        elif thread.waits:
            parts.append(f"{case.who(process)}{at} {without_numbers(thread.waits)}")
        elif line:
            parts.append(f"{case.who(process)} is{at}")
    if not parts:
        return None
    parts = list(dict.fromkeys(parts))
    root = case.root
    first = next((t for p, t in found if p == root and own_frame(t)), None)
    where = (line_of(first) if first else None) or case.where
    return Cause(
        "deadlock" if case.trial.grade in ("proven", "proven-given-pollers") else "no_end",
        where or parts[0],
        parts[0] + (f"; {parts[1]}" if len(parts) > 1 else ""),
        "Nothing goes on any more: " + "; ".join(parts) + "."
        if case.trial.grade == "proven"
        else case.trial.reason,
        where,
    )

"""What the main module does, once more in each child."""

from __future__ import annotations

from collections import Counter

from startlab.diagnosis.case import Case, Cause
from startlab.output.compare import Difference, loose, quoted


def main_runs_again(case: Case, lines: Difference) -> Cause | None:
    """See that what the main module prints comes once more from every child that imports it."""
    imported = any(clue.name == "imported" for clue in case.clues("main"))
    if not lines.only_first or not (imported or "forkserver" in case.trial.method_used):
        return None
    printed = Counter(map(loose, case.trial.stdout.splitlines()))
    once_more = all(printed[loose(line)] > 1 for line in lines.only_first)
    calls = case.sources.file(case.sources.main).top_level_calls()
    if not calls and not case.sources.file(case.sources.main).runs_at_import():
        return None
    if not once_more or len(lines.only_first) < len(lines.only_second):
        return None
    where = next(
        (
            f"{case.sources.main}:{line}"
            for line in calls
            if "print" in case.sources.file(case.sources.main).line(line)
        ),
        f"{case.sources.main}:{calls[0]}" if calls else None,
    )
    return Cause(
        "main_runs_again",
        where or "",
        "the main module runs again in every child that imports it"
        + (f", with what it does at {where}" if where else ""),
        f"So {quoted(lines.only_first)} is printed once more for each child (or for the fork "
        "server).",
        where,
    )

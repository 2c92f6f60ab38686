"""An exit status that the program itself ends with."""

from __future__ import annotations

from startlab.diagnosis.case import (
    Case,
    Cause,
    exit_line,
    handed_on,
    last_words,
    used_at_exit,
)
from startlab.diagnosis.globals import differing_global


def _last_printed(stdout: str) -> str:
    """Quote the end of what was printed: pytest, say, tells all there."""
    lines = [line.strip()[:200] for line in stdout.splitlines() if line.strip()]
    return f" The last that it printed: {' / '.join(lines[-3:])}." if lines else ""


def exit_handed_on(case: Case) -> Cause | None:
    """See that the program's exit status other than 0 is that of a child, without a traceback."""
    trial = case.trial
    if trial.exception is not None or not trial.exit_status:
        return None
    codes = [code for _, code, _ in case.died if code > 0]
    changed = [e for e in case.clues("global") if case.sources.changed(e.name) is not None]
    used = used_at_exit(case)
    there = [each for each in changed if each.name.rpartition(".")[2] in used]
    if there or (changed and not used):
        return differing_global(case, there or changed, None, handed_on(case))
    if not codes:
        return None
    code = trial.exit_status if trial.exit_status in codes else codes[0]
    where = exit_line(case, code)
    last = last_words(trial.stderr)
    return Cause(
        "child_status",
        f"{code} {where}",
        f"a child ends with exit status {code}"
        + (f" at {where}" if where else "")
        + f", and the program then with {trial.exit_status}",
        "There is no traceback."
        + handed_on(case)
        + (f" It said: {last}." if last else _last_printed(trial.stdout)),
        where,
    )


def own_exit_status(case: Case) -> Cause | None:
    """Tell an exit status of the program that no exception stands behind."""
    trial = case.trial
    if trial.exception is not None:
        return None
    last = last_words(trial.stderr)
    return Cause(
        "exit_status",
        f"{trial.exit_status}",
        f"the program ends with exit status {trial.exit_status}" + (f": {last}" if last else ""),
        "There is no traceback: the program itself chose this exit status, and whoever starts "
        "it takes it for a failure." + ("" if last else _last_printed(trial.stdout)),
        trial.where,
    )

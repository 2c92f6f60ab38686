"""An exit status that the program itself ends with.

## What it sees
The program ends with an exit status other than 0, and no traceback. It may be that of a child,
which the program reads and hands on; it may be 0 under another start method.

## Why
The program chose this exit status, and callers treat it as a failure.

## What to do
Find out why the program exits with that status. If that is intended, the start method is not the
problem.

## Bad
```python
child.join()
sys.exit(child.exitcode)
```

## Good
```python
child.join()
if child.exitcode:
    sys.exit(f"the child ended with exit status {child.exitcode}")
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import (
    Case,
    Cause,
    exit_line,
    handed_on,
    is_so_without,
    last_words,
    used_at_exit,
)
from startlab.diagnosis.globals import differing_global
from startlab.diagnosis.phrases import at
from startlab.diagnosis.rule import Mechanism
from startlab.model import ChangedGlobal
from startlab.output.compare import compare, quoted

MECHANISMS: Final = (
    Mechanism(
        "exit_status",
        symptom=True,
        advice="Find out why the program exits with that status. If that is intended, the start "
        "method is not the problem.",
        answer=(
            (
                "Ends the same way under every start method: with a failing exit status of its own",
                "Ends with the same exit status under every start method",
            ),
        ),
    ),
    Mechanism(
        "child_status",
        symptom=True,
        advice="Find out what leads the child to that line: let it print what it caught or found.",
    ),
    Mechanism(
        "exit_status_differs",
        symptom=True,
        advice="Look at what the children read without being given it, and at what the program "
        "does with what they return.",
    ),
)


def find(case: Case) -> Cause | None:
    """Tell an exit status that no exception stands behind: a child's, or the program's own."""
    return _handed_on(case) or _own(case)


def _handed_on(case: Case) -> Cause | None:
    """See that the program's exit status other than 0 is that of a child, without a traceback."""
    trial = case.trial
    if trial.exception is not None or not trial.exit_status:
        return None
    codes = [code for _, code, _ in case.died if code > 0]
    changed = [e for e in case.clues(ChangedGlobal) if case.sources.changed(e.name) is not None]
    used = used_at_exit(case)
    if is_so_without(case, ChangedGlobal):
        changed = []
    there = [each for each in changed if each.name.rpartition(".")[2] in used]
    if there or (changed and not used):
        return differing_global(case, there or changed, None, handed_on(case))
    if not codes:
        return None
    code = trial.exit_status if trial.exit_status in codes else codes[0]
    where = exit_line(case, code)
    last = last_words(trial.stderr)
    said = f" It said: {last}." if last else _last_printed(trial.stdout)
    return Cause(
        "child_status",
        f"a child ends with exit status {code}{at(where)}, and the program then with "
        f"{trial.exit_status}",
        f"There is no traceback.{handed_on(case)}{said}",
        where,
        key=f"{code} {where}",
    )


def _own(case: Case) -> Cause | None:
    """Tell an exit status of the program that no exception stands behind."""
    trial = case.trial
    if trial.exception is not None:
        return None
    last = last_words(trial.stderr)
    return Cause(
        "exit_status",
        f"the program ends with exit status {trial.exit_status}" + (f": {last}" if last else ""),
        "There is no traceback: the program itself chose this exit status, and callers treat "
        "it as a failure." + ("" if last else _last_printed(trial.stdout)),
        trial.where,
        chosen=True,
        key=f"{trial.exit_status}",
    )


def _last_printed(stdout: str) -> str:
    """Quote the end of what was printed: pytest, say, tells all there."""
    lines = [line.strip()[:200] for line in stdout.splitlines() if line.strip()]
    return f" The last it printed was: {' / '.join(lines[-3:])}." if lines else ""


def in_output(case: Case) -> Cause | None:
    """Say what is printed here, and what where the exit status is 0."""
    cause = _own(case)
    if cause is None:
        return None
    lines = compare(case.trial.stdout, case.others[0].stdout)
    text = f"There is no traceback. Under {case.against} it ends with 0"
    text += f", and prints {quoted(lines.only_second)}" if lines.only_second else ""
    text += f"; here it prints {quoted(lines.only_first)}" if lines.only_first else ""
    return cause._replace(mechanism="exit_status_differs", text=f"{text}.")

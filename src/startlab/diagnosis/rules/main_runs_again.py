"""What the main module does, once more in each child.

## What it sees
Lines that the main module prints come once more from every child that imports it.

## Why
A child started by spawn or forkserver imports the main module, and so does the fork server: what
stands outside the main guard runs again.

## What to do
Put what should happen only once below `if __name__ == "__main__":`.

## Bad
```python
print("begin")

if __name__ == "__main__":
    main()
```

## Good
```python
if __name__ == "__main__":
    print("begin")
    main()
```
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.model import MainModule
from startlab.output.compare import loose, quoted

MECHANISMS: Final = (
    Mechanism(
        "main_runs_again",
        imported=True,
        advice='Put what should happen only once below `if __name__ == "__main__":`.',
        experiment="main_module_again",
    ),
)


def in_output(case: Case) -> Cause | None:
    """See that what the main module prints comes once more from every child that imports it."""
    imported = any(clue.how == "imported" for clue in case.clues(MainModule))
    if not case.lines.only_first or not (imported or "forkserver" in case.trial.method_used):
        return None
    printed = Counter(map(loose, case.trial.stdout.splitlines()))
    once_more = all(printed[loose(line)] > 1 for line in case.lines.only_first)
    calls = case.sources.file(case.sources.main).top_level_calls()
    if not calls and not case.sources.file(case.sources.main).runs_at_import():
        return None
    if not once_more or len(case.lines.only_first) < len(case.lines.only_second):
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
        "the main module runs again in every child that imports it"
        + (f", with what it does at {where}" if where else ""),
        f"So {quoted(case.lines.only_first)} is printed once more for each child (or for the fork "
        "server).",
        where,
    )

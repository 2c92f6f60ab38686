"""Changes to a copy of what a Manager keeps.

## What it sees
The program changes an item of a Manager's dict or list in place.

## Why
The Manager hands out a copy of the item, and changes to that copy are not sent back to it. See the
note on mutable values under multiprocessing's Proxy Objects.

## What to do
Put the changed item back, under a lock if others do so too.

## Bad
```python
bags = manager.dict(words=[])
bags["words"].append("new")
```

## Good
```python
bags = manager.dict(words=[])
words = bags["words"]
words.append("new")
bags["words"] = words
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import OF_WRONG_DATA, Case, Cause, what_was_raised
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import own_files
from startlab.diagnosis.source.shared_data import changed_copies

MECHANISMS: Final = (
    Mechanism(
        "manager_copy",
        advice="Put the changed item back: `item = d[key]; item.append(x); d[key] = item`, under a "
        "lock if others do so too; or keep a list or dict of the Manager's in it.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that an item of a Manager's dict or list is changed, which is a copy of it.

    Source: the note on mutable values under multiprocessing's Proxy Objects.
    """
    exception = case.trial.exception
    if exception is not None and exception.type not in OF_WRONG_DATA:
        return None
    if case.trial.outcome in ("ok", "differs") and any(each.child for each in case.tracebacks):
        return None  # which is no sign of it
    for file in own_files(case.sources):
        lines = changed_copies(case.sources.file(file))
        if lines:
            where = f"{file}:{lines[0]}"
            more = ""
            if case.trial.outcome == "error":
                more = f" Here that leads to {what_was_raised(case.trial)}" + (
                    f", at {case.trial.where}." if case.trial.where else "."
                )
            return Cause(
                "manager_copy",
                f"{where} changes a copy of what a Manager's dict or list holds, and the change is "
                "lost",
                f"In `{case.sources.code(where)}` the Manager hands out a copy of the item, and "
                f"changes to that copy are not sent back to the Manager.{more}",
                where,
            )
    return None

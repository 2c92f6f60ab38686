"""Data that children change in their own copy.

## What it sees
A child's function changes a list, dict or object of the program's, and the program fails or prints
something wrong where it uses that afterwards.

## Why
A child has a copy of its parent's data, under every start method. What it does to the copy does not
come back.

## What to do
Give it back: as a result, through a queue, or in a Manager's dict or list.

## Bad
```python
found = []
child = multiprocessing.Process(target=found.append, args=(1,))
child.start()
child.join()
print(found[0])
```

## Good
```python
with multiprocessing.Pool() as pool:
    found = pool.map(work, items)
print(found[0])
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import OF_WRONG_DATA, Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import own_files
from startlab.diagnosis.source.shared_data import changed_by_children

MECHANISMS: Final = (
    Mechanism(
        "kept_by_child",
        advice="Give it back: as the result of a pool's task, through a queue, or in a Manager's "
        "dict or list.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that the program looks for what a child has put into data of its own."""
    exception = case.trial.exception
    if exception is not None and exception.type not in OF_WRONG_DATA:
        return None
    if any(each.child for each in case.tracebacks):
        return None
    for file in own_files(case.sources):
        for name, line in changed_by_children(case.sources.file(file)):
            if exception is not None and name not in case.sources.code(case.trial.where):
                continue
            where = f"{file}:{line}"
            return Cause(
                "kept_by_child",
                where,
                f"`{name}` is changed by a child at {where}, and the program's own `{name}` stays "
                "as it was",
                "A child has a copy of its parent's data, under every start method: a fork copies "
                "the memory, and what is an argument is copied or pickled. What a child does to it "
                f"does not come back. Here that leads to {case.trial.reason}.",
                where,
            )
    return None

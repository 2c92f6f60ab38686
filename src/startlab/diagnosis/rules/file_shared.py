"""One open file in several processes.

## What it sees
A global of the main module is an open file, forked children have it too, and the output differs.

## Why
A forked child has the same open file as its parent, with one position: what one process reads, the
other does not get.

## What to do
Open the file in the child, or read it with `os.pread()`.

## Bad
```python
table = open("table.csv")
header = table.readline()
multiprocessing.Process(target=lambda: print(table.read())).start()
```

## Good
```python
def show():
    with open("table.csv") as table:
        print(table.read())

multiprocessing.Process(target=show).start()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.model import InheritedOpen

MECHANISMS: Final = (
    Mechanism(
        "file_shared",
        advice="Open the file in the child, or read it with os.pread().",
        experiment="shared_file_offset",
    ),
)


def in_output(case: Case) -> Cause | None:
    """See that parent and children share an open file."""
    clues = case.telling(InheritedOpen)
    if not clues:
        return None
    clue = clues[0]
    source = case.sources.file(case.sources.main)
    line = source.assigned(clue.name)
    if line is None or source.line(line).endswith("None"):
        line = source.changed(clue.name) or line
    where = f"{case.sources.main}:{line}" if line else None
    return Cause(
        "file_shared",
        f"parent and children share one `{clue.name}`, a {clue.type}"
        + (f" that was opened at {where}" if where else ""),
        "A forked child shares its parent's open file, with one position: what one reads, the "
        "other misses, and buffered text may be written twice.",
        where,
        key=clue.name,
    )

"""One position in an open file that several processes read.

## What it sees
Where each forked child opens again what it has open to be read, fork does what the other start
methods do.

## Why
A fork copies descriptors, not what is behind them: a forked child has the same open file as its
parent, with one position. What one process reads, the others miss, and where one seeks, another
reads. The file may be in an object, of a library too.

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

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "file_shared",
        copied=True,
        advice="Open the file in the child, or read it with os.pread().",
        experiment="shared_file_offset",
    ),
)

r"""Unwritten text that a fork copies.

## What it sees
A file of the program's is open for writing when a child is forked, its buffer is not flushed
before, and the output has lines more than once.

## Why
A fork copies the memory of its parent, and with it what was written to the file but is still in
the buffer. It gets into the file once from the parent, and once more from every child that flushes
or closes its own.

## What to do
Flush the file before the first start, or open it in each process that writes to it.

## Bad
```python
log = open("log.txt", "w")
log.write("begin\n")
multiprocessing.Process(target=work).start()
```

## Good
```python
log = open("log.txt", "w")
log.write("begin\n")
log.flush()
multiprocessing.Process(target=work).start()
```
"""

from __future__ import annotations

import re
from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import written
from startlab.model import InheritedOpen

MECHANISMS: Final = (
    Mechanism(
        "buffer_copied",
        advice="Flush the file before the first start, or open it in each process that writes to "
        "it.",
        experiment="buffer_at_fork",
    ),
)


_WRITES: Final = r"open\([^#]*[\"'][rbt]?[wax][bt+]*[\"']"


def in_output(case: Case) -> Cause | None:
    """See that forked children have a copy of a buffer that their parent had not yet written."""
    for clue in case.telling(InheritedOpen):
        if clue.type not in ("TextIOWrapper", "BufferedWriter", "BufferedRandom"):
            continue
        name = re.escape(clue.name.rpartition(".")[2])
        opened = rf"\b{name}\s*(?::[^=]*)?=[^=].*{_WRITES}|{_WRITES}.*\bas\s+{name}\b"
        where = written(case.sources, opened)
        file, number = (where or ":0").rsplit(":", 1)
        source = case.sources.file(file)
        if where is None or (
            int(number) in source.emptied().values() and not source.unflushed(clue.name)
        ):
            continue  # then it is the other methods that harm the file
        return Cause(
            "buffer_copied",
            f"forked children have a copy of what `{clue.name}`, opened for writing at {where}, "
            "had in its buffer, and each of them writes it",
            "A fork copies the parent's memory, with all text that was written to the file but is "
            "still in its buffer: it reaches the file once from the parent, and again from every "
            "child that flushes or closes its copy.",
            where,
            key=clue.name,
        )
    return None

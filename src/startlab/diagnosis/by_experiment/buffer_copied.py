r"""Unwritten text that a fork copies.

## What it sees
Where all buffers are written out before each fork, fork does what the other start methods do.

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

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "buffer_copied",
        copied=True,
        advice="Flush the file before the first start, or open it in each process that writes to "
        "it.",
        experiment="buffer_at_fork",
    ),
)

"""Output of children that are ended before they have written it.

## What it sees
Output is missing, in some trials or in all. Once children write each line at once, all of it is
there.

## Why
What a process prints into a pipe or a file is kept in a buffer until that is full, or until the
process ends by itself; only on a terminal each line is written at once. A process that is
terminated, as the workers are at the end of a pool's `with` block, or that leaves by `os._exit()`,
loses what is in its buffer.

## What to do
Let the children end by themselves: call close() and join() before the `with` block ends. Or print
with `flush=True`.

## Bad
```python
with multiprocessing.Pool() as pool:
    pool.map(report, files)
```

## Good
```python
with multiprocessing.Pool() as pool:
    pool.map(report, files)
    pool.close()
    pool.join()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "output_lost",
        advice="Let the children end by themselves: call close() and join() of a pool before its "
        "`with` block ends. Or print with `flush=True`.",
        race=True,
        loses=True,
    ),
)

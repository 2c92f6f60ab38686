"""An exit code that is read before the child has ended.

## What it sees
Where `Process.exitcode` is read only once the child has ended, the program works.

## Why
`Process.exitcode` is `None` as long as the process runs.

## What to do
Call `join()` first.

## Bad
```python
child.start()
if child.exitcode != 0:
    raise RuntimeError("the child has failed")
```

## Good
```python
child.start()
child.join()
if child.exitcode != 0:
    raise RuntimeError("the child has failed")
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "exit_code_too_early",
        advice="Call join() before exitcode is read; None means that the child still runs.",
    ),
)

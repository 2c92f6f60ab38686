"""Another interpreter for the children.

## What it sees
Where the children are run by the interpreter of their parent, spawn and forkserver do what fork
does.

## Why
A child started by spawn, and the fork server, are run by what `multiprocessing.set_executable()`
names, or else by `sys.executable`. A path that leads to nothing lets no child start.

## What to do
Leave it out, or name an interpreter that is there and has the same packages.

## Bad
```python
multiprocessing.set_executable("/opt/app/bin/python")
multiprocessing.Process(target=work).start()
```

## Good
```python
multiprocessing.Process(target=work).start()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "other_interpreter",
        advice="Leave set_executable() out, or name an interpreter that is there and has the same "
        "packages.",
    ),
)

"""What is no text in sys.path, where the fork server cannot be told it.

## What it sees
The fork server ends before it has forked any child, and does not where sys.path has text only.

## Why
A fork server is started by `python -c`, with the repr() of sys.path in that command. Of a string
that is Python's source; of a `pathlib.Path` it is `PosixPath('...')`, a name that is not known
there. Python itself imports nothing from such an entry. Children of fork and spawn start all the
same. From Python 3.14 on forkserver is Linux's default.

## What to do
Put text into sys.path.

## Bad
```python
sys.path.append(Path(__file__).parent / "plugins")
```

## Good
```python
sys.path.append(str(Path(__file__).parent / "plugins"))
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "path_not_text",
        advice="Put str(path) into sys.path: Python imports nothing from what is no text, either.",
    ),
)

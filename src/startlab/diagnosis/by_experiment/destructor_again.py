"""Destructors that run in children too.

## What it sees
A file, folder or connection is missing; where no destructor of the program's and no finalizer runs
in a child, it is there.

## Why
A forked child has a copy of each object. What is given to a child started by spawn or forkserver is
pickled and made again there: a second object, which knows the same file or folder. When either
ends, its `__del__` or `weakref.finalize()` clears that away, as a `TemporaryDirectory` does.

## What to do
Keep the `os.getpid()` of the process that made it, and clear away only there. Or give the child the
path, not the object.

## Bad
```python
class Work:
    def __init__(self):
        self.folder = tempfile.mkdtemp()

    def __del__(self):
        shutil.rmtree(self.folder)
```

## Good
```python
class Work:
    def __init__(self):
        self.folder, self.owner = tempfile.mkdtemp(), os.getpid()

    def __del__(self):
        if os.getpid() == self.owner:
            shutil.rmtree(self.folder)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "destructor_again",
        advice="Keep the os.getpid() of the process that made it, and clean up only there; or "
        "give the child the path, not the object.",
    ),
)

"""A module that only the parent imports.

## What it sees
With the parent's modules imported in the children, a start method that fails does what the others
do; without, it never does.

## Why
A child started by spawn or forkserver imports the main module, and what that imports. What the
parent imported later, in a function or below the guard, is not there: neither is what that import
does, like registering a plug-in. A forked child has all of it.

## What to do
Import it at the top level of the module whose functions the children run, or in a pool's
initializer.

## Bad
```python
def main():
    importlib.import_module("plugins.svg")  # registers itself
    with multiprocessing.Pool() as pool:
        pool.map(export, items)
```

## Good
```python
def load():
    importlib.import_module("plugins.svg")

def main():
    load()
    with multiprocessing.Pool(initializer=load) as pool:
        pool.map(export, items)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "imported_by_parent",
        advice="Import it in the children too: at the top level of the module whose functions they "
        "run, or in a pool's `initializer=`.",
    ),
)

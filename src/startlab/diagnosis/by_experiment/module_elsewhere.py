"""A module that only the parent finds.

## What it sees
With the modules given to the children from where the parent found them, a start method that fails
does what the others do; without, it never does.

## Why
A child started by spawn or forkserver searches `sys.path` as it is when the child is started. What
was imported from a folder that was on the path only for a while, or loaded by its file's name, is
not found there. A forked child has the module already.

## What to do
Leave the folder on sys.path, load the module in a pool's initializer too, or give the child a
function that loads it.

## Bad
```python
sys.path.insert(0, PLUGINS)
import plugin
sys.path.remove(PLUGINS)
```

## Good
```python
sys.path.insert(0, PLUGINS)
import plugin
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "module_elsewhere",
        advice="Leave the folder on sys.path, by its absolute path, load the module in a pool's "
        "initializer too, or give the child a function that loads it.",
    ),
)

"""Objects that are known by their identity.

## What it sees
Where objects keep their id() when they are pickled, and equal their copies, the program does what
it is to do; without, it never does.

## Why
id() is where an object lies in its process, and objects of a class without `__eq__` and `__hash__`
are compared by that. What is given to a child started by spawn or forkserver, or comes back from a
pool, is pickled, and arrives as another object: it is not found under the first one. A forked child
has the very same object.

## What to do
Know the objects by a name or a number of their own.

## Bad
```python
self.position = {id(each): index for index, each in enumerate(parts)}
```

## Good
```python
self.position = {each.name: index for index, each in enumerate(parts)}
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "keyed_by_id",
        advice="Know the objects by a name or number of their own, which is pickled with them, or "
        "have their class define `__eq__` and `__hash__` by that.",
    ),
)

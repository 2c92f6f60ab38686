"""Objects that are known by their id().

## What it sees
Where objects keep their id() when they are pickled, a start method that fails does what the others
do; without, it never does.

## Why
id() is where an object lies in its process. What is given to a child started by spawn or
forkserver is pickled, and arrives as another object with another id: a table by ids leads nowhere.
A forked child has the very same object.

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
        advice="Know the objects by a name or number of their own, which is pickled with them.",
    ),
)

"""An attribute that a manager's proxy does not have.

## What it sees
Where a proxy gives the attributes of its object too, the program ends well; else it never does.

## Why
A manager's object is in the manager's process. Its proxy forwards calls of public methods, or of
those that register() names with `exposed=`, and has none of the object's other attributes.

## What to do
Give the class a method that returns the value.

## Bad
```python
class Tally:
    total = 0

TallyManager.register("Tally", Tally)
print(manager.Tally().total)
```

## Good
```python
class Tally:
    total = 0

    def get_total(self):
        return self.total
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "not_through_proxy",
        advice="Give the class a method that returns it, and call that.",
    ),
)

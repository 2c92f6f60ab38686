"""A main module that children know by another name.

## What it sees
Where the main module is called `__main__` in the children too, a start method that fails does what
the others do; without, it never does.

## Why
A child started by spawn or forkserver imports the main module as `__mp_main__`: that is what
`__name__` is there, and the `__module__` of the classes and functions that it defines. A name with
the module in it, made in the parent, leads to nothing in such a child. A forked child has the very
module that its parent runs.

## What to do
Define what is known by its module's name in a module that both import.

## Bad
```python
@register  # as `__main__.Widget` here, as `__mp_main__.Widget` in the children
class Widget:
    ...

pool.submit(insert, "__main__.Widget")
```

## Good
```python
from widgets import Widget

pool.submit(insert, "widgets.Widget")
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "main_has_another_name",
        advice="Define what is known by the name of its module in a module of its own, which "
        "parent and children import by the same name.",
    ),
)

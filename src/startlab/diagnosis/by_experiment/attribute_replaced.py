"""A subclass of Process that sets an attribute which multiprocessing needs.

## What it sees
Where multiprocessing and the program each have an attribute of their own, the program ends well;
else it never does.

## Why
A Process keeps what multiprocessing needs of it in attributes that begin with an underscore:
`_config`, `_identity`, `_popen` and others. A subclass that sets one of these, before or after
`super().__init__()`, replaces that, or has its own one replaced.

## What to do
Give the attribute another name.

## Bad
```python
class Agent(multiprocessing.Process):
    def __init__(self, config):
        super().__init__()
        self._config = config
```

## Good
```python
class Agent(multiprocessing.Process):
    def __init__(self, config):
        super().__init__()
        self.agent_config = config
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "attribute_replaced",
        advice="Give the attribute another name.",
    ),
)

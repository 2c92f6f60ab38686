"""A variable that is set after what reads it was imported.

## What it sees
Where the children import the main module with the environment as the program found it, they do
what forked ones do.

## Why
What a module makes of the environment, it makes as it is imported. The parent has imported it
before the variable is set; a child started by spawn or forkserver imports it afterwards.

## What to do
Set it before the import, or read it where it is used.

## Bad
```python
import settings  # MODE = os.environ.get("MODE", "debug")

if __name__ == "__main__":
    os.environ["MODE"] = "release"
    multiprocessing.Process(target=work).start()
```

## Good
```python
def mode():
    return os.environ.get("MODE", "debug")
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "environment_at_import",
        imported=True,
        advice="Set it before what reads it is imported, or read it where it is used.",
    ),
)

"""A main module that is there twice.

## What it sees
Where an import of the main module's file gives the main module itself, a program that fails ends
well.

## Why
Python knows the file that it runs as `__main__`. A module that imports it by the name of its file
makes Python run it once more, as another module: its globals are as at the start, and its classes
are not those of the main module. That is so under every start method.

## What to do
Put what both need into a module of its own, and import that.

## Bad
```python
# tasks.py
import app  # which is run as `python app.py`

def title(text):
    return app.THEME["prefix"] + text
```

## Good
```python
# tasks.py
import settings  # which app.py imports too

def title(text):
    return settings.THEME["prefix"] + text
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "main_twice",
        advice="Put what both need into a module of its own, which the main module imports too.",
    ),
)

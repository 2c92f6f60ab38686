"""A cache of results that is filled in the parent, and empty in its children.

## What it sees
Where forked children are rid of the results that a function has cached, fork does what spawn does.

## Why
A forked child has its parent's caches, with all that is in them. A child started by spawn or
forkserver imports the main module, and its caches are empty: the function runs again there.

## What to do
Give the children the result as an argument.

## Bad
```python
@functools.lru_cache
def settings():
    return json.loads(sys.stdin.read())

def work():
    print(settings()["depth"])
```

## Good
```python
def work(settings):
    print(settings["depth"])

multiprocessing.Process(target=work, args=(settings(),)).start()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "cache_empty",
        imported=True,
        advice="Give the children the result: as an argument of Process, or through `initializer=` "
        "and `initargs=` of a pool.",
        experiment="changed_global",
    ),
)

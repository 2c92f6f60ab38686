"""A cache of results that forked children inherit, and that no longer holds.

## What it sees
Where forked children are rid of the results that a function has cached, fork does what the others
do; else it never does.

## Why
A forked child has its parent's caches, with all that is in them: the function does not run again
there, even if what it depends on has changed since.

## What to do
Empty the cache at the start of the target, or give the children what the function depends on.

## Bad
```python
@functools.lru_cache
def region():
    return os.environ.get("REGION", "eu")

print(region())
os.environ["REGION"] = "us"
multiprocessing.Process(target=work).start()  # work() calls region(): eu, if it is forked
```

## Good
```python
def work():
    region.cache_clear()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "cache_copied",
        copied=True,
        advice="Call cache_clear() where what the function depends on changes, or at the start of "
        "the target or in a pool's `initializer=`.",
    ),
)

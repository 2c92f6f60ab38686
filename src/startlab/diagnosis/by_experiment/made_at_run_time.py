"""A class or function that is put into a module as the program runs.

## What it sees
With the classes and functions that the parent has put into its modules made in the children too, a
start method that fails does what the others do; without, it never does.

## Why
Classes and functions are pickled by their names. A child started by spawn or forkserver imports the
module and looks there: what `setattr()` or `globals()` has put there since is not found.

## What to do
Make them when the module is imported, or in a pool's initializer; or give the children what they
are made of.

## Bad
```python
def main():
    for name in read_names():
        setattr(models, name, type(name, (models.Model,), {"__module__": "models"}))
    with multiprocessing.Pool() as pool:
        pool.map(fit, [models.Linear()])
```

## Good
```python
def main():
    names = read_names()
    with multiprocessing.Pool(initializer=models.make, initargs=(names,)) as pool:
        ...
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "made_at_run_time",
        advice="Make it when its module is imported, or in the children too, by a pool's "
        "`initializer=`; or give them what it is made of.",
    ),
)

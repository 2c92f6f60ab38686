"""Names of processes that begin with the start method.

## What it sees
Where the program reads the names of processes as forked ones have them, it does what fork does;
else it never does.

## Why
multiprocessing names a process by its class and a number, and each start method has classes of its
own: the workers of a pool are ForkPoolWorker-1, SpawnPoolWorker-1 or ForkServerPoolWorker-1.

## What to do
Number the workers by a pool's `initializer=`, or take the number at the end of the name.

## Bad
```python
number = int(multiprocessing.current_process().name.replace("ForkPoolWorker-", ""))
```

## Good
```python
number = int(multiprocessing.current_process().name.rpartition("-")[2])
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "process_name",
        advice="Number the workers by a pool's `initializer=`, or take only the number at the end "
        "of the name.",
    ),
)

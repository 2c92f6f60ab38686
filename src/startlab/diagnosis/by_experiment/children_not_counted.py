"""Children that count for the fork server, not for the program.

## What it sees
Where what children have used is counted whoever has forked them, forkserver does what the others
do; else it never does.

## Why
`resource.getrusage(resource.RUSAGE_CHILDREN)` and os.times() tell what those children have used
that a process itself has forked, and waited for. Children started by forkserver are forked by the
fork server, which waits for them.

## What to do
Have each child measure itself at its end, and return that.

## Bad
```python
child.join()
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime)
```

## Good
```python
def work(results):
    ...
    results.put(resource.getrusage(resource.RUSAGE_SELF).ru_utime)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "children_not_counted",
        advice="Have each child measure itself (time.process_time(), resource.RUSAGE_SELF), and "
        "return that.",
    ),
)

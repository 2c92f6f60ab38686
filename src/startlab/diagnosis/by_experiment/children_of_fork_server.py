"""Children that are the fork server's, not the program's own.

## What it sees
Where children are known as the program's own, forkserver does what the others do; else it never
does.

## Why
`resource.getrusage(resource.RUSAGE_CHILDREN)` and os.times() tell what those children have used
that a process itself has forked, os.waitpid() waits for these alone, and psutil lists them.
Children started by forkserver are forked by the fork server, which waits for them.

## What to do
Use join(), `exitcode` and `sentinel` of Process. Have each child measure itself, and return that.

## Bad
```python
child.start()
os.waitpid(child.pid, 0)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime)
```

## Good
```python
def work(results):
    ...
    results.put(resource.getrusage(resource.RUSAGE_SELF).ru_utime)

child.start()
child.join()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "children_of_fork_server",
        advice="Use join(), `exitcode` and `sentinel` of Process; have each child measure itself "
        "(time.process_time(), resource.RUSAGE_SELF), and return that.",
    ),
)

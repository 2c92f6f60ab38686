"""What a program keeps for one thread, and children need.

## What it sees
Where a child's first thread is given what the parent's threads keep in a `threading.local`, the
program works.

## Why
A `threading.local` has other attributes in each thread. A child has one thread: a copy of the one
that forked it, or, under spawn and forkserver, a new one that has set nothing.

## What to do
Give it to the child as an argument, and set it there.

## Bad
```python
local = threading.local()

def work():
    print(local.user)

local.user = "ann"
threading.Thread(target=multiprocessing.Process(target=work).start).start()
```

## Good
```python
def work(user):
    local.user = user

multiprocessing.Process(target=work, args=(local.user,)).start()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "kept_by_thread",
        advice="Give it to the child as an argument, and set it there.",
    ),
)

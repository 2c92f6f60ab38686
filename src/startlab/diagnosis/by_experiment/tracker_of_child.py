"""Shared memory that is removed as a forked child ends.

## What it sees
Where a resource tracker runs before the first fork, fork does what other start methods do; without,
it never does.

## Why
A process that opens a block of shared memory tells its resource tracker (gh-82300). A child uses
the tracker of its parent, if that runs when the child is forked. Else it starts its own, which
removes the block when the child ends: for everyone. So does that of another program, which was not
started by multiprocessing.

## What to do
Make the block before the first child is forked, start the tracker by
`multiprocessing.resource_tracker.ensure_running()`, or from Python 3.13 on open it with
`track=False`.

## Bad
```python
child.start()
block = SharedMemory(create=True, size=64)
names.put(block.name)
```

## Good
```python
block = SharedMemory(create=True, size=64)
child.start()
names.put(block.name)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "tracker_of_child",
        advice="Make the shared memory before the first child is forked, call "
        "multiprocessing.resource_tracker.ensure_running() there, or open it with track=False "
        "(Python 3.13).",
        experiment="shared_memory_of_a_child",
    ),
    Mechanism(
        "tracked_apart",
        advice="Open it with track=False (Python 3.13); before that, call "
        "multiprocessing.resource_tracker.unregister(block._name, 'shared_memory') there.",
        experiment="shared_memory_of_a_child",
    ),
)

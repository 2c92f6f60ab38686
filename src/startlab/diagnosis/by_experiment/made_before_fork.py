"""Something made once that each process needs for itself.

## What it sees
Where a global is made again in each forked child, or children are forked before a line of their
parent's has run, fork does what the others do; else it never does.

## Why
What is made as a module is imported is there once in the process that forks, and every child has a
copy of it: of the same scratch folder, file, connection, counter or generator. A child started by
spawn imports the module, and makes its own. So it is with what a process can do once: run an event
loop that cannot be started again, open what one process alone may have.

## What to do
Make it in the child, or when it is first used, per os.getpid().

## Bad
```python
FOLDER = tempfile.mkdtemp()

def work(item):
    os.mkdir(os.path.join(FOLDER, "part"))
```

## Good
```python
def work(item):
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "part"))
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "made_before_fork",
        copied=True,
        advice="Make it in the child, or when it is first used, per os.getpid(); under forkserver, "
        "multiprocessing.set_forkserver_preload([]) keeps the main module out of it.",
    ),
)

"""A child whose exit somebody else takes.

## What it sees
Without the program's handler of SIGCHLD, a start method that fails does what the others do; with
it, it never does.

## Why
`os.waitpid(-1)` takes the exit status of any child, and the kernel gives it out once. Whoever waits
for this child of multiprocessing's then never hears of its end, or learns no exit code.

## What to do
Wait for your own children only: os.waitpid() of their pids, not of -1, or Popen.wait() and
Process.join().

## Bad
```python
def reap(signum, frame):
    os.waitpid(-1, os.WNOHANG)

signal.signal(signal.SIGCHLD, reap)
```

## Good
```python
process = multiprocessing.Process(target=work)
process.start()
process.join()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "child_reaped",
        advice="Wait for your own children only: os.waitpid() of their pids, not of -1, or "
        "Popen.wait() and Process.join().",
    ),
)

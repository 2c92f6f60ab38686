"""A child that is forked by a thread of a ThreadPoolExecutor.

## What it sees
Where forked children do not wait at their exit for the thread of an executor that has forked them,
fork does what the others do; else it never does.

## Why
At its exit Python joins the threads of all ThreadPoolExecutors. A forked child has one thread, a
copy of the one that has forked it. If that is an executor's, the child is to join itself: that
raises RuntimeError, nobody shows it, and the child ends with exit status 1 when its work is done.

## What to do
Start the processes from the main thread, or from a `threading.Thread`. Or set forkserver or spawn.

## Bad
```python
def run():
    process = multiprocessing.Process(target=work)
    process.start()
    process.join()
    return process.exitcode

with concurrent.futures.ThreadPoolExecutor() as executor:
    print(executor.submit(run).result())  # 1, if it is forked
```

## Good
```python
with concurrent.futures.ProcessPoolExecutor() as executor:
    print(executor.submit(work).result())
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "forked_by_executor",
        advice="Start the process from the main thread or from a threading.Thread, or give the "
        "work to a ProcessPoolExecutor.",
    ),
)

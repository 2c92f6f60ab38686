"""A queue of threads that is used between processes.

## What it sees
The main thread of a process waits at a `queue.Queue`, and no other thread could put something.

## Why
A `queue.Queue` is for the threads of one process. A forked child has a copy of it: what one process
puts into its own, the others never see.

## What to do
Use `multiprocessing.Queue`, and give it to the children as an argument.

## Bad
```python
results = queue.Queue()
multiprocessing.Process(target=results.put, args=(1,)).start()
print(results.get())
```

## Good
```python
results = multiprocessing.Queue()
multiprocessing.Process(target=work, args=(results,)).start()
print(results.get())
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import is_in, line_of, own_frame
from startlab.model import ThreadAtFork

MECHANISMS: Final = (
    Mechanism(
        "queue_of_threads",
        advice="Use multiprocessing.Queue, and give it to the children as an argument.",
    ),
)


def find(case: Case) -> Cause | None:
    """See a process wait at a queue.Queue, which is its own, for what another one has put."""
    for process, thread in case.threads():
        if not is_in(thread, "/queue.py", "get"):
            continue
        others = [each for each in process.threads if each != thread and own_frame(each)]
        if others or not case.trial.starts or case.clues(ThreadAtFork):
            continue
        if thread.tid != process.pid:
            continue  # its main thread has come to its end: what it would put, it has not put
        where = line_of(thread)
        return Cause(
            "queue_of_threads",
            f"{case.who(process)} waits at {where} for an item of a queue.Queue, which is for the "
            "threads of one process",
            "A forked child has a copy of it: what one process puts into its own, the others never "
            "see.",
            where,
        )
    return None

"""A signal handler that a fork copies.

## What it sees
Where forked children have none of the signal handlers that their parent has set, nor its wake-up
descriptor, fork does what the others do; else it never does.

## Why
A forked child has its parent's signal handlers. Sent such a signal, it does not end by it, but runs
the handler: it prints what that prints, or fails in it.

## What to do
Set `signal.SIG_DFL` at the beginning of the child.

## Bad
```python
signal.signal(signal.SIGTERM, lambda *_: print("stopping"))
child = multiprocessing.Process(target=work)
child.start()
child.terminate()
```

## Good
```python
def work():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ...
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "handler_inherited",
        advice="Set signal.SIG_DFL (and signal.set_wakeup_fd(-1) under asyncio) at the beginning "
        "of the child.",
        experiment="signal_handler_in_child",
    ),
)

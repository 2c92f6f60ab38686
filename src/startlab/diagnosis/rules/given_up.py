"""A child that the program gave up, and ended.

## What it sees
A child could not go on, and the program waited for it no longer: it ended the child, or left it at
its own end. What the child was in is what `lock_order` and `lock_held_at_fork` know.

## Why
A timeout hides what is wrong: the child would have waited forever.

## What to do
What the finding says of the lock that the child waited for.

## Bad
```python
child.join(timeout=1)
child.terminate()
```

## Good
```python
child.join()
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.model import SignalSent

if TYPE_CHECKING:
    from startlab.diagnosis.case import Case, Cause

MECHANISMS: Final = ()


def find(case: Case) -> Cause | None:
    """See what a child was in that the program waited for no longer."""
    if not case.trial.stuck:
        return None
    # As if the program had waited on.
    cause = case.again("stuck", outcome="hang", processes=case.trial.stuck, where=None)
    return cause and cause._replace(text=f"{cause.text} {_ended(case)}")


def _ended(case: Case) -> str:
    stuck = {process.pid for process in case.trial.stuck}
    sent = [clue for clue in case.clues(SignalSent) if clue.child in stuck]
    if not sent:
        return "The program did not wait until it ended."
    at = f" at {sent[0].where}" if sent[0].where else ", at its own end"
    return f"The program stopped waiting and ended it{at}."

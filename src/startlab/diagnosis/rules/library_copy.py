"""What children change in their own copy of a library's object.

## What it sees
The output is wrong, or a check of the program's own fails under every start method; and children
call a method, for what it does, of an object that a library has
made in the first process, a counter or a progress bar; the first process reads it afterwards.

## Why
Every process has its own memory. A child changes its copy of the object, under every start method,
and the parent's stays as it is.

## What to do
Send back what the parent needs to know, and let the parent change its object.

## Bad
```python
def fetch(page):
    PAGES.inc()
```

## Good
```python
for page in pool.imap(fetch, pages):
    PAGES.inc()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.results.summary import WELL

MECHANISMS: Final = (
    Mechanism(
        "library_copy",
        advice="Return what the parent needs to know, or send it through a queue, and make this "
        "call in the parent; or use what the library has for several processes.",
    ),
)


def suspect(case: Case) -> Cause | None:
    """See it where the program ends by a check of its own, whatever the start method is."""
    raised = case.trial.exception
    if any(each.outcome in WELL for each in case.others) or case.died:
        return None
    return find(case) if raised is None or raised.type == "AssertionError" else None


def find(case: Case) -> Cause | None:
    """See that children change what only they have, and the program reads its own."""
    calls = Calls(case.sources).on_copies()
    if not calls:
        return None
    call = calls[0]
    return Cause(
        "library_copy",
        f"what children do by {call.told} at {call.where} stays in them: each has its own "
        f"`{call.root}`, of {call.package}",
        f"`{call.root}` is made at {call.made}. A child works on a copy of it, or makes its own "
        "when it imports the main module, and nothing brings the change back to the parent, which "
        "reads its own.",
        call.where,
        key=f"{call.package} {call.where}",
    )

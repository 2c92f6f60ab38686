"""Consumers that get no end mark.

## What it sees
The program waits for the end of a child, and the child waits for another item of its queue.

## Why
A child that takes from a queue in a loop does not know that there is nothing more. Each end mark is
seen by one consumer only. One that is known by `is` is not known at all: a queue makes a copy.

## What to do
Put one end mark (`None`) per consumer before `join()`.

## Bad
```python
for item in items:
    queue.put(item)
for child in children:
    child.join()
```

## Good
```python
for item in [*items, *[None for _ in children]]:
    queue.put(item)
for child in children:
    child.join()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause, joining, takers_of
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import lines_like, own_files
from startlab.diagnosis.stacks import line_of

MECHANISMS: Final = (
    Mechanism(
        "no_end_mark",
        advice="Put one end mark (None) for each child that takes from the queue before join(), or "
        "have the child that takes it put it back.",
    ),
    Mechanism(
        "end_mark_copied",
        advice="Use None as the end mark, or compare with `==`, for a class that defines it.",
    ),
)


def find(case: Case) -> Cause | None:
    """See one wait for the end of a child that waits for another item of its queue."""
    takers = takers_of(case)
    joiner = joining(case)
    if joiner is None or not takers:
        return None
    where = line_of(joiner)
    copied = _copied_mark(case)
    if copied is not None:
        return copied
    return Cause(
        "no_end_mark",
        f"the program waits at {where} for the end of a child that waits at {takers[0]} for an "
        "item of its queue that never comes",
        "A child that takes from a queue in a loop does not know when nothing more comes: it "
        "needs an end mark, one per consumer, for only one of them sees each mark.",
        where,
    )


def _copied_mark(case: Case) -> Cause | None:
    """See an end mark that is known by its identity, which no copy has."""
    for file in own_files(case.sources):
        source = case.sources.file(file)
        for line in lines_like(case.sources, file, r"^\w+\s*=\s*object\(\)"):
            name = line.partition("=")[0].strip()
            asked = source.mentions(rf"\bis (not )?{name}\b")
            put = source.mentions(rf"\b(put|put_nowait|send)\({name}\)")
            if asked and put:
                where = f"{file}:{asked}"
                return Cause(
                    "end_mark_copied",
                    f"a child does not recognize the end mark `{name}`, which is put at "
                    f"{file}:{put}, "
                    f"by `is` at {where}",
                    "What goes through a queue or a pipe is pickled: a copy comes out, which is "
                    f"not the receiver's own `{name}`.",
                    where,
                )
    return None

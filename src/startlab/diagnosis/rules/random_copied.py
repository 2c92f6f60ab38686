"""Children that draw the same random numbers.

## What it sees
Several children begin with the same state of a generator that their functions use.

## Why
A fork copies the generator with its state. A child started by spawn or forkserver makes and seeds a
generator of the main module again.

## What to do
Give each child a seed of its own. A generator that the program makes itself can be made in the
child; one in a library's object may be the library's only one.

## Bad
```python
rng = random.Random(7)

def draw():
    return rng.random()
```

## Good
```python
def draw(seed):
    return random.Random(seed).random()
```
"""

from __future__ import annotations

import re
from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.source.places import children_may_use, written
from startlab.model import SameRandom

MECHANISMS: Final = (
    Mechanism(
        "random_copied",
        copied=True,
        advice="Give each child a seed of its own; a generator that the program makes itself can "
        "be made in the child.",
        experiment="copied_random",
    ),
)


def in_output(case: Case) -> Cause | None:
    """See that children draw the same numbers."""
    clues = [
        clue
        for clue in case.telling(SameRandom)
        if children_may_use(case.sources, re.findall(r"\w+", clue.name))
    ]
    if not clues:
        return None
    own = [clue for clue in clues if clue.name not in ("random", "numpy.random")]
    clue = (own or clues)[0]
    made = r"Random\(|RandomState\(|default_rng\(|Generator\("
    first, *_, last = re.findall(r"\w+", f"{clue.name} {clue.name}")
    source = case.sources.file(case.sources.main)
    name = clue.name
    maker = Calls(case.sources).maker(case.sources.main, first) if first != clue.name else None
    if maker is not None:  # a generator within what a library has made
        name = first
    line = source.assigned(name)
    where = (
        f"{case.sources.main}:{line}"
        if line
        else written(case.sources, rf"\b{re.escape(last)}\b.*=.*({made})", made, r"\bseed\(")
    )
    how = (
        "A fork copies the generator with its state"
        if case.inherited_main
        else "Each child that imports the main module makes and seeds it again"
    )
    by = f" by {maker.package}" if maker else ""
    made_at = f", made{by} at {where}" if where else ""
    drawn = _drawn(case, clue.name)
    return Cause(
        "random_copied",
        f"{clue.count} children draw the same numbers from `{name}`"
        + (made_at or (f" at {drawn}" if drawn else "")),
        f"{how}: what one child draws, the others draw too.",
        where or drawn,
        key=clue.name,
    )


def _drawn(case: Case, name: str) -> str | None:
    """Give the line at which children draw from a library's own generator: `numpy.random`."""
    package, _, module = name.partition(".")
    calls = (each for each in Calls(case.sources).in_children() if each.package == package)
    return next((each.where for each in calls if module in each.text.split(".")), None)

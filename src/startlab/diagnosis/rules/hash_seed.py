"""Hashes of strings that differ from process to process.

## What it sees
The output differs, the program calls `hash()`, and its children are not forked.

## Why
Python salts the hash of a `str` or `bytes` by a random number that it draws when it begins. A
forked child has its parent's; a child started by spawn or forkserver draws its own, unless
`PYTHONHASHSEED` is set.

## What to do
Use a hash that is the same in all processes.

## Bad
```python
shard = hash(name) % 4
```

## Good
```python
shard = zlib.crc32(name.encode()) % 4
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.globals import shows_a_global
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import written

MECHANISMS: Final = (
    Mechanism(
        "hash_seed",
        advice="Use a hash that is the same in all processes: hashlib or zlib.crc32().",
        experiment="string_hash",
    ),
)


def in_output(case: Case) -> Cause | None:
    """Prefer the hash of a string to a global where the values of no global are in the lines."""
    return None if shows_a_global(case) else find(case)


def find(case: Case) -> Cause | None:
    """See that processes are to agree on the hash of a string, which each Python salts itself."""
    where = written(case.sources, r"(?<![\w.])hash\(")
    if where is None or "fork" in case.trial.method_used or not case.trial.method_used:
        return None
    return Cause(
        "hash_seed",
        where,
        f"hash() at {where} gives different numbers in each process",
        "Python salts the hash of str and bytes with a random number that it draws at startup. "
        "A forked child has its parent's; one started by spawn or forkserver draws its own, "
        "unless PYTHONHASHSEED is set.",
        where,
    )

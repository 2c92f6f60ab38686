"""Hashes of strings that differ from process to process.

## What it sees
Where all processes have the same hash seed, a program that fails, or prints something else, does as
under fork.

## Why
Python salts the hash of a `str` or `bytes` with a random number that it draws at startup. A forked
child has its parent's; a child started by spawn or forkserver draws its own, unless
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

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "hash_seed",
        advice="Use a hash that is the same in all processes: hashlib or zlib.crc32().",
        experiment="string_hash",
    ),
)

"""A transaction that is open while children write to the same database.

## What it sees
Where the program commits what it has changed in an SQLite database before it starts a child, the
child can write to it.

## Why
In SQLite one connection at a time may write. From its first change on it locks out the others, and
these give up after their timeout: `database is locked`.

## What to do
Commit before the child is started.

## Bad
```python
database.execute("INSERT INTO import VALUES ('bank.csv')")
child.start()
child.join()
database.commit()
```

## Good
```python
database.execute("INSERT INTO import VALUES ('bank.csv')")
database.commit()
child.start()
child.join()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "transaction_open",
        advice="Commit before the child is started.",
    ),
)

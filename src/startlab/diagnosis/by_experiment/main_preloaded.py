"""A fork server that imports the main module.

## What it sees
Where the fork server imports nothing of the program before it forks, forkserver does what the
others do; else it never does.

## Why
From Python 3.14 on the fork server imports the main module before it forks: what that starts and
makes is there once, and each child is forked with a copy of it, like those of fork.

## What to do
Make and start in functions, not as the main module is imported: threads, connections, random state,
what is numbered.

## Bad
```python
refresher = threading.Thread(target=refresh, daemon=True)
refresher.start()

if __name__ == "__main__":
    main()
```

## Good
```python
def main():
    refresher = threading.Thread(target=refresh, daemon=True)
    refresher.start()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "main_preloaded",
        advice="Make it in a function, not as the main module is imported; or call "
        "multiprocessing.set_forkserver_preload([]) before the first start.",
    ),
)

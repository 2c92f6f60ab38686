"""A main module that is imported in another folder.

## What it sees
Where the children import the main module in the folder that the program was started in, they do
what forked ones do.

## Why
A child started by spawn or forkserver imports the main module again, in the folder that its parent
is in by then. After `os.chdir()` a relative path leads elsewhere.

## What to do
Make the path absolute, from `__file__`, or read the file below `if __name__ == "__main__":`.

## Bad
```python
TABLE = open("table.csv").read()

if __name__ == "__main__":
    os.chdir("results")
    multiprocessing.Process(target=work).start()
```

## Good
```python
TABLE = Path(__file__).with_name("table.csv").read_text()

if __name__ == "__main__":
    os.chdir("results")
    multiprocessing.Process(target=work).start()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "other_folder",
        imported=True,
        advice="Make the path absolute, from `__file__`, or read the file below "
        '`if __name__ == "__main__":` and hand over what was read.',
    ),
)

"""Words of the command line that are changed after they were read.

## What it sees
Where the children import the main module with the words that the program was started with, they do
what forked ones do.

## Why
A child started by spawn or forkserver imports the main module again, with the `sys.argv` that its
parent has by then. What the top level reads of it may be another word there, or none.

## What to do
Read the command line below `if __name__ == "__main__":`, and leave `sys.argv` as it is.

## Bad
```python
MODE = sys.argv[1]

if __name__ == "__main__":
    del sys.argv[1]
    multiprocessing.Process(target=work).start()
```

## Good
```python
if __name__ == "__main__":
    mode = sys.argv[1]
    multiprocessing.Process(target=work, args=(mode,)).start()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "arguments_at_import",
        imported=True,
        advice='Read the command line below `if __name__ == "__main__":`, and give children what '
        "they need of it.",
    ),
)

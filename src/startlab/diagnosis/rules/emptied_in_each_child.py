"""Files that each child empties by importing the main module.

## What it sees
The main module opens a file for writing at its top level, the program reads that file in the end,
and children have imported the main module.

## Why
A child started by spawn or forkserver imports the main module. Opening the file there begins it
again: what was in it is gone.

## What to do
Put what should happen only once below `if __name__ == "__main__":`. The mechanism is
`main_runs_again`.

## Bad
```python
LOG = open("log.txt", "w")

if __name__ == "__main__":
    main()
```

## Good
```python
if __name__ == "__main__":
    with open("log.txt", "w") as log:
        main(log)
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause, imports_main
from startlab.diagnosis.source.places import own_files, written

MECHANISMS: Final = ()


def in_output(case: Case) -> Cause | None:
    """See that children open, and so empty, a file that the program reads in the end."""
    if not imports_main(case) or not any(case.lines) or written(case.sources, _READS) is None:
        return None
    for file in own_files(case.sources):
        for name, line in case.sources.file(file).emptied().items():
            where = f"{file}:{line}"
            return Cause(
                "main_runs_again",
                f"{where} runs again in every child that imports it, and empties the file of "
                f"`{name}`",
                "A child started by spawn or forkserver imports the main module, and `"
                f"{case.sources.code(where)}` opens the same file there again, and empties it: "
                f"what was in it is lost.",
                where,
            )
    return None


_READS: Final = (
    r"\.(read|readlines|read_text|read_bytes)\(|getsize\(|st_size"
    r"|\bopen\([^,()]*(,\s*[\"']rb?[\"'][^()]*)?\)"
)

"""A file that Windows does not remove, rename, replace or link as Unix does.

## What it sees
A file that is removed, renamed or opened on Windows while a process has it open; a rename onto a
file that exists; a symbolic link.

## Why
Windows protects a file while any process has it open, the program itself or a child. Its rename
does not replace a file, and links take a privilege that most users do not have.

## What to do
Close a file before anything else is done with it, and replace files with os.replace().

## Bad
```python
file = open("report.txt", "w")
Process(target=publish, args=("report.txt",)).start()  # it renames the file
```

## Good
```python
with open("report.txt", "w", encoding="utf-8") as file:
    ...
Process(target=publish, args=("report.txt",)).start()
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.raised import Raised, by_exception
from startlab.diagnosis.rule import Mechanism

if TYPE_CHECKING:
    from startlab.diagnosis.case import Case, Cause

MECHANISMS: Final = (
    Mechanism(
        "file_in_use",
        shown=True,
        depends_on="platform",
        advice="Close the file first, in every process: use `with open(...)`, and join the "
        "children that have it open.",
    ),
    Mechanism(
        "rename_onto_file",
        shown=True,
        depends_on="platform",
        advice="Use os.replace(), or Path.replace(), which replaces the file on every platform.",
    ),
    Mechanism(
        "link_refused",
        shown=True,
        depends_on="platform",
        advice="Copy the file, or write the name of the target into a file.",
    ),
)


def find(case: Case) -> Cause | None:
    """Know it by the number of Windows' error."""
    return by_exception(case, *_RAISED)


_REFUSED: Final = r"PermissionError: \[WinError (?:5|32|33)\]"
_CLOSED_FIRST: Final = (
    "Windows allows that only once no process has the file open any more: neither the program nor "
    "a child."
)
_RAISED: Final = (
    Raised(
        rf"{_REFUSED}[^:]*: '(?P<file>[^']*)'",
        "file_in_use",
        "`{file}` is removed, renamed or opened{at} while it is open",
        _CLOSED_FIRST,
    ),
    Raised(
        _REFUSED, "file_in_use", "a file is removed, renamed or opened{at} while it is open",
        _CLOSED_FIRST,
    ),
    Raised(
        r"FileExistsError: \[WinError 183\].* -> ",
        "rename_onto_file",
        "a file is renamed{at} onto one that exists",
        "On Windows os.rename() does not replace a file, as it does on Unix.",
    ),
    Raised(
        r"OSError: \[WinError 1314\]",
        "link_refused",
        "the program creates a symbolic link{at}",
        "On Windows that takes a privilege that most users do not have.",
    ),
)  # fmt: skip

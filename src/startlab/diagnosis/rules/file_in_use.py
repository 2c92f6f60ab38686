"""A file that Windows does not remove, rename, replace or link as Unix does.

## What it sees
A file that is removed, renamed or opened on Windows while a process has it open, as
NamedTemporaryFile has its own; a rename onto a file that exists; a symbolic link.

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

from startlab.diagnosis.case import Cause
from startlab.diagnosis.phrases import at
from startlab.diagnosis.raised import Raised, by_exception, look, place
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import written

if TYPE_CHECKING:
    from startlab.diagnosis.case import Case

MECHANISMS: Final = (
    Mechanism(
        "file_in_use",
        shown=True,
        depends_on="platform",
        advice="Close the file first, in every process: use `with open(...)`, and join the "
        "children that have it open.",
    ),
    Mechanism(
        "temporary_in_use",
        shown=True,
        depends_on="platform",
        advice="Make it with `delete=False`, close it before a child opens it, and remove it once "
        "the children have ended; or use TemporaryDirectory.",
    ),
    Mechanism(
        "log_in_use",
        shown=True,
        depends_on="platform",
        loses=True,
        advice="Have one process write the log: the others send their records by a QueueHandler, "
        "and a QueueListener writes them.",
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
    return by_exception(case, *_RAISED) or _temporary(case)


def _temporary(case: Case) -> Cause | None:
    """See one opened that NamedTemporaryFile has open: it is deleted when it is closed."""
    seen = look(case, r"PermissionError: \[Errno 13\]", r"\bopen\(|\.(read|write)_\w+\(")
    made = written(case.sources, r"\bNamedTemporaryFile\((?!.*\bdelete(_on_close)?=False)")
    if seen is None or made is None:
        return None
    return Cause(
        "temporary_in_use",
        f"the file of NamedTemporaryFile(), made at {made}, is opened{at(place(case, seen))} while "
        "it is open",
        "On Windows a file that is deleted when it is closed cannot be opened a second time, by "
        "the program itself or by a child.",
        made,
    )


def suspect(case: Case) -> Cause | None:
    """See that a log cannot be rotated, which logging passes over."""
    seen = look(case, _REFUSED)
    if seen is None or not seen.traceback.frames[-1][0].endswith("handlers.py"):
        return None
    made = written(case.sources, r"\b(Timed)?RotatingFileHandler\(")
    return Cause(
        "log_in_use",
        f"a log file{at(made)} cannot be rotated while another process has it open: records are "
        "lost",
        f"logging says {seen.traceback.said}. Windows allows no rename of an open file, and "
        "logging goes on without the record.",
        made,
    )


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

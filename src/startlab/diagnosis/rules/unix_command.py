"""A script or a command that Windows cannot start as a program.

## What it sees
subprocess fails on Windows because the file is no executable, or because there is none of this
name.

## Why
Windows ignores the `#!` line of a script and starts executables only. It has few Unix commands, and
what its shell does itself, such as `dir`, is no program.

## What to do
Start a script with its interpreter, and use Python's own modules instead of commands.

## Bad
```python
subprocess.run(["./helper.py"])
```

## Good
```python
subprocess.run([sys.executable, "helper.py"])
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
        "script_started",
        shown=True,
        depends_on="platform",
        advice="Start it with its interpreter: `[sys.executable, script]`.",
    ),
    Mechanism(
        "command_missing",
        shown=True,
        depends_on="platform",
        advice="Use Python's own modules, such as shutil, pathlib and os, or check with "
        "shutil.which() first.",
    ),
)


def find(case: Case) -> Cause | None:
    """Know it by the number of Windows' error, raised in subprocess."""
    return by_exception(case, *_RAISED)


_SUBPROCESS: Final = r"subprocess\.py: "
_RAISED: Final = (
    Raised(
        r"OSError: \[WinError 193\]",
        "script_started",
        "a script is started{at} as if it were a program",
        "Windows ignores the `#!` line of a script and starts executables only.",
        at=_SUBPROCESS,
    ),
    Raised(
        r"FileNotFoundError: \[WinError 2\]",
        "command_missing",
        "the program starts a command that does not exist{at}",
        "Windows has few Unix commands, and what its shell does itself, such as `dir`, is no "
        "program.",
        at=_SUBPROCESS,
    ),
)

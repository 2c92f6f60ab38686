"""A path as only Unix has it: below `/`, or split at it.

## What it sees
A file that is not found on Windows and whose path begins with a folder of Unix, such as `/tmp` or
`/dev`; or a path that is split at `/` and has not the parts that the program expects.

## Why
On Windows `/tmp/x` is relative to the current drive, where there is no such folder, and the paths
that the system returns are separated by backslashes.

## What to do
Let tempfile, pathlib and os.devnull name the path and its parts.

## Bad
```python
name = path.split("/")[-1]
```

## Good
```python
name = Path(path).name
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
        "unix_path",
        shown=True,
        depends_on="platform",
        advice="Use tempfile.TemporaryDirectory() or tempfile.gettempdir() instead of /tmp, "
        "os.devnull instead of /dev/null, and Path.home() for the home directory.",
    ),
    Mechanism(
        "path_split",
        depends_on="platform",
        advice="Use pathlib, as in `Path(path).name` and `Path(path).parts`, or os.path.split().",
    ),
)


def find(case: Case) -> Cause | None:
    """Know it by the path in the exception, or by the line that raised it."""
    return by_exception(case, *_RAISED)


_FOLDERS: Final = "bin|dev|etc|home|mnt|opt|proc|root|run|srv|sys|tmp|usr|var"
_RAISED: Final = (
    Raised(
        rf"(?:FileNotFound|Permission)Error: .*'(?P<path>/(?:{_FOLDERS})(?:/[^']*)?)'",
        "unix_path",
        "`{path}`, a Unix path, is used{at}",
        "On Windows it is relative to the current drive, where there is no such folder.",
    ),
    Raised(
        r"^(?:ValueError|IndexError|KeyError): ",
        "path_split",
        "a path is split at `/`{at}",
        "Windows separates the parts of the paths that it returns by backslashes.",
        at=r"""\.(?:r?split|r?partition)\(["']/["']""",
    ),
)

"""Text that Windows' code page cannot represent.

## What it sees
On Windows, a UnicodeError of the codec `charmap` or of a code page such as cp1252.

## Why
Without an encoding, Windows uses its code page for files, and for what is written to a pipe. It has
256 characters at most.

## What to do
Specify the encoding.

## Bad
```python
open("notes.txt", "w").write("✓")
```

## Good
```python
open("notes.txt", "w", encoding="utf-8").write("✓")
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
        "code_page",
        shown=True,
        depends_on="platform",
        advice='Specify the encoding: `open(..., encoding="utf-8")`, '
        '`sys.stdout.reconfigure(encoding="utf-8")`; or set PYTHONUTF8=1.',
    ),
)


def find(case: Case) -> Cause | None:
    """Know it by the name of the codec."""
    return by_exception(case, *_RAISED)


_CODEC: Final = r"codeError: '(?:charmap|cp\d+)' codec"
_WHICH: Final = (
    "Without an encoding, Windows uses its code page, such as cp1252, for files and for what goes "
    "to a pipe; on Unix both are UTF-8."
)
_RAISED: Final = (
    Raised(
        rf"UnicodeEn{_CODEC}", "code_page",
        "text is written{at} in a code page that lacks some of its characters", _WHICH,
    ),
    Raised(
        rf"UnicodeDe{_CODEC}", "code_page",
        "text is read{at} in a code page that it is not written in", _WHICH,
    ),
)  # fmt: skip

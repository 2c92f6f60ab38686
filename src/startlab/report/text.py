"""A program's text as data: nothing in it may act on what it is shown in."""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 2000
"""Characters of one text of a program that a report for people has; the journal has the rest."""

GLYPHS: Final = {
    "ok": "✓",
    "hang": "∞",
    "crash": "✗",
    "error": "!",
    "wrong": "¬",
    "differs": "≠",
    "undecided": "?",
    "unsupported": "·",
    "unavailable": "-",
    "missing": "∅",
}

CHILD_FAILED: Final = "†"
"""A mark of cells that ended with 0 although something failed in a child."""

_WORKFLOW_COMMAND: Final = re.compile(r"(?P<start>^|\s)::|##(?=\w*\[)")


class _Escapes(dict[int, str]):
    """Every character as it may be shown; those seen are remembered."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        shown = character if character.isprintable() else repr(character)[1:-1]
        self[code] = shown
        return shown


_ESCAPES: Final = _Escapes({ord("\n"): "\n"})


def printable(text: str) -> str:
    """Escape what a text could do to a terminal or to a CI system; keep line ends.

    Escaped are control characters, what changes the direction of writing, and what CI systems
    take for commands: `::error::` at the start of a word, `##[error]` anywhere.
    """
    return _WORKFLOW_COMMAND.sub(_broken, text.translate(_ESCAPES))


def _broken(command: re.Match[str]) -> str:
    return r"\x23#" if command["start"] is None else rf"{command['start']}\x3a:"


def excerpt(text: str, longest: int = LONGEST) -> str:
    """Make a text printable and no longer than that, saying what was left out of its middle."""
    if len(text) <= longest:
        return printable(text)
    half = longest // 2
    left_out = f"[{len(text) - 2 * half} characters left out]"
    separator = "\n" if "\n" in text else " "
    return printable(separator.join((text[:half], left_out, text[-half:])))


def one_line(text: str, longest: int = LONGEST) -> str:
    """Make a text printable, on one line, and no longer than that."""
    return " ".join(excerpt(text, longest).split())

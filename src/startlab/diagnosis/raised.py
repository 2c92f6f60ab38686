"""Exceptions that say in their own words what Windows cannot do, for the rules that know them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.diagnosis.case import Cause
from startlab.diagnosis.phrases import at
from startlab.diagnosis.stacks import ABSOLUTE, own_line

if TYPE_CHECKING:
    from startlab.diagnosis.case import Case
    from startlab.output.tracebacks import Traceback

WINDOWS: Final = ("win32", "")
"""Empty: the journal does not say what the platform was."""


class Raised(NamedTuple):
    """An exception and what it means: `title` and `text` may name groups of the pattern in braces.

    `{at}` in the title is the program's line. `at` matches what `_code` gives of the exception.
    """

    pattern: str
    mechanism: str
    title: str
    text: str
    at: str = ""


class Seen(NamedTuple):
    """A traceback, and what matched in it."""

    traceback: Traceback
    found: re.Match[str]


def by_exception(case: Case, *known: Raised) -> Cause | None:
    """Give the cause that the first of these exceptions shows."""
    for each in known:
        seen = look(case, each.pattern, each.at)
        if seen:
            words = seen.found.groupdict()
            where = place(case, seen)
            title = each.title.format(**words, at=at(where))
            return Cause(each.mechanism, title, each.text.format(**words), where)
    return None


def look(
    case: Case, pattern: str, at: str = "", platforms: tuple[str, ...] = WINDOWS
) -> Seen | None:
    """Find an exception, `TYPE: MESSAGE`, that was raised on one of these platforms."""
    if (case.environment.sys_platform if case.environment else "") not in platforms:
        return None
    for traceback in case.tracebacks:
        said = f"{traceback.exception.type}: {traceback.exception.message}"
        found = re.search(pattern, said)
        if found and re.search(at, _code(traceback)):
            return Seen(traceback, found)
    return None


def place(case: Case, seen: Seen) -> str | None:
    """Give the program's own line at which it was raised."""
    return own_line(seen.traceback.frames) or case.where


def _code(traceback: Traceback) -> str:
    """Give the file that raised it, and the program's own line that led there."""
    frames = traceback.frames
    file = frames[-1][0] if frames else ""
    codes = zip(frames, traceback.code, strict=False)
    own = next((code for (name, _), code in reversed([*codes]) if not ABSOLUTE.match(name)), "")
    return f"{file}: {own}"

"""The lines in which two outputs differ."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from startlab.output.likeness import nameless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Difference(NamedTuple):
    """The multiset difference of the lines of two outputs, in both directions."""

    only_first: tuple[str, ...]
    only_second: tuple[str, ...]


def compare(first: str, second: str) -> Difference:
    """Compare the lines of two outputs, ignoring their order and process names in them.

    If they differ only in such names, these are compared too.
    """
    for alike in (nameless, str):
        ours = Counter(map(alike, first.splitlines()))
        theirs = Counter(map(alike, second.splitlines()))
        if ours != theirs:
            only_first = _in_order(first, ours - theirs, alike)
            return Difference(only_first, _in_order(second, theirs - ours, alike))
    return Difference((), ())


def _in_order(text: str, lines: Counter[str], alike: Callable[[str], str]) -> tuple[str, ...]:
    found = []
    for line in text.splitlines():
        if lines[alike(line)] > 0:
            lines[alike(line)] -= 1
            found.append(line)
    return tuple(found)


def quoted(lines: Iterable[str], most: int = 4) -> str:
    """Quote the first few lines for a sentence, each with how often it occurs."""
    counts = Counter(lines)
    shown = [
        f'"{line if len(line) <= 100 else line[:100] + "…"}"' + (f" ×{count}" if count > 1 else "")
        for line, count in list(counts.items())[:most]
    ]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def loose(text: str) -> str:
    """Return a text without numbers, such as the times in log lines."""
    return re.sub(r"\d+", "0", text)

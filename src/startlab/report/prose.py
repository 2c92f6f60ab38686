"""Text on a terminal: it wraps at words there, and stays one line for each fact in a pipe."""

from __future__ import annotations

import shlex
import textwrap
from typing import TYPE_CHECKING, Final

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

NARROWEST: Final = 20
"""Columns that are left for text, however far it is indented."""


def say(console: Console, text: str, style: str = "", *, first: str = "", indent: int = 0) -> None:
    """Print a text; `first` stands before it, and its other lines begin at `indent`."""
    for number, line in enumerate(_lines(console, text, indent)):
        before = f"{first:{indent}}" if number == 0 else " " * indent
        console.print(Text.assemble(before, (line, style)), soft_wrap=True)


def _lines(console: Console, text: str, indent: int) -> Iterator[str]:
    if not console.is_terminal:
        yield from text.split("\n")
        return
    for line in text.split("\n"):
        wrapped = Text(line).wrap(console, _room(console, indent))
        yield from (each.plain.rstrip() for each in wrapped)


def filled(line: str, width: int | None) -> str:
    """Wrap a line at words, indented as it is; without a width it stays one line."""
    if width is None:
        return line
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(
        line.lstrip(), width, initial_indent=indent, subsequent_indent=f"{indent}  ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def say_shortened(console: Console, line: Text) -> None:
    """Print one line; on a terminal that is too narrow, its end is left out."""
    if console.is_terminal:
        console.print(line, no_wrap=True, overflow="ellipsis")
    else:
        console.print(line, soft_wrap=True)


def say_command(
    console: Console, command: str, style: str = "", *, first: str = "", indent: int = 0
) -> None:
    """Print a shell command; where it needs several lines, they can be copied as they are."""
    lines = [command]
    if console.is_terminal:
        lines = list(_continued(command, _room(console, indent)))
    for number, line in enumerate(lines):
        before = f"{first:{indent}}" if number == 0 else " " * indent
        console.print(Text.assemble(before, (line, style)), soft_wrap=True)


def _continued(command: str, room: int) -> Iterator[str]:
    """Break a command between its words; a comment gets lines of its own.

    zsh takes one behind a command for arguments (INTERACTIVE_COMMENTS, zshoptions(1)).
    """
    try:
        words = shlex.split(command, posix=False)
    except ValueError:
        words = [command]
    if " ".join(words) != command:
        words = [command]  # its quotes are of another kind
    at = words.index("#") if "#" in words else len(words)
    comment = " ".join(words[at + 1 :])
    line = ""
    for word in words[:at]:
        longer = f"{line} {word}" if line else word
        if line and len(longer) + 2 > room:
            yield f"{line} \\"
            longer = f"  {word}"
        line = longer
    yield line
    for part in textwrap.wrap(comment, room - 2, break_long_words=False, break_on_hyphens=False):
        yield f"# {part}"


def _room(console: Console, indent: int) -> int:
    return max(NARROWEST, console.width - indent)

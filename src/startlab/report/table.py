"""Cells as tables for a terminal: with words, or, for many, with one glyph for each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from rich.table import Table
from rich.text import Text

from startlab.model import METHODS
from startlab.report.text import CHILD_FAILED, GLYPHS, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rich.console import Console

    from startlab.model import Cell, Method
    from startlab.results.summary import CellSummary

STYLES: Final = {
    "ok": "green",
    "hang": "magenta",
    "crash": "magenta",
    "error": "magenta",
    "wrong": "magenta",
    "differs": "magenta",
    "undecided": "magenta",
    "unsupported": "dim",
    "unavailable": "dim",
    "missing": "bold red",
}
"""To be told from a light and from a dark background; nothing is told by a colour alone."""

UNEXPECTED: Final = "bold red"

LETTERS: Final = {
    "ok": "O",
    "hang": "H",
    "crash": "C",
    "error": "E",
    "wrong": "W",
    "differs": "F",
    "undecided": "D",
    "unsupported": "S",
    "unavailable": "U",
    "missing": "M",
}
"""Of outcomes that are not as expected."""

ASCII: Final = {
    "✓": "+", "∞": "~", "✗": "x", "¬": "%", "≠": "#", "·": ".", "∅": "0", "▸": ">", "×": "x",
    "†": "*", "…": ".",
}  # fmt: skip
RUNNING: Final = "▸"
LONGEST_NAME: Final = 48
LEAST_NAME: Final = 20
METHOD: Final = 14
"""Columns of a method, with the gaps beside it."""

MOST_LETTERS: Final = 3
"""Of the outputs of one cell."""


class Mark(NamedTuple):
    """A cell as one character."""

    character: str
    style: str


def mark(outcome: str, *, as_expected: bool, console: Console) -> Mark:
    """Give the character of an outcome: a glyph, or a capital if it is not as expected."""
    if as_expected:
        return Mark(glyph(GLYPHS[outcome], console), STYLES[outcome])
    return Mark(LETTERS[outcome], UNEXPECTED)


def glyph(character: str, console: Console) -> str:
    """Give a glyph as the console can show it."""
    if console.encoding.lower().startswith("utf"):
        return character
    return ASCII.get(character, character)


# --- with words --------------------------------------------------------------------------------


def words(
    cells: Mapping[Cell, CellSummary], names: Sequence[str], console: Console, *, of_program: bool
) -> list[Table]:
    """Make tables with a row for each method, next to each other as the width needs.

    What is not as expected is in capitals; of a program, nobody has said what is expected.
    """
    rows: dict[str, dict[Method, dict[str, CellSummary]]] = {}
    widths: dict[str, int] = {}
    for cell, each in cells.items():
        rows.setdefault(cell.experiment, {}).setdefault(cell.method, {})[cell.environment] = each
        widths[cell.environment] = max(widths.get(cell.environment, 0), len(_said(each)) + 2)
    widest = max((_wide(_two_lines(name), widths.get(name, 0)) for name in names), default=0)
    room = max(LEAST_NAME, console.width - METHOD - widest - 2)
    first = min(LONGEST_NAME, room, max(map(len, rows), default=0))
    is_suite = any("::" in experiment for experiment in rows)
    what = "test" if is_suite else "program" if of_program else "experiment"
    made = []
    for chunk in _chunks(names, _two_lines, widths, console.width - first - METHOD, 2):
        table = _table(what, "method", gap=2)
        for name in chunk:
            table.add_column(Text(_two_lines(name)), no_wrap=True)
        for experiment, methods in rows.items():
            shown = _name(experiment, first, console)
            for method in sorted(methods, key=METHODS.index):
                row = (_word(methods[method].get(name), console, of_program) for name in chunk)
                table.add_row(Text(shown), method, *row)
                shown = ""
        made.append(table)
    return made


def _word(each: CellSummary | None, console: Console, of_program: bool) -> Text:  # noqa: FBT001
    if each is None:
        return Text("")
    character = glyph(GLYPHS[each.outcome], console)
    said = _said(each).replace(CHILD_FAILED, glyph(CHILD_FAILED, console))
    if each.as_expected:
        return Text(f"{character} {said}", STYLES[each.outcome])
    return Text(f"{character} {said if of_program else said.upper()}", UNEXPECTED)


def _said(each: CellSummary) -> str:
    """Give the outcome; where outputs differ, which they are; and the mark of failed children."""
    said = each.word
    if each.outcome == "differs":
        letters = each.outputs if len(each.outputs) <= MOST_LETTERS else (*each.outputs[:2], "…")
        part = each.count < len(each.trials)
        said = f"{each.word if part else each.outcome} {','.join(letters)}"
    return f"{said} {CHILD_FAILED}" if each.child_failed else said


def _name(name: str, longest: int, console: Console) -> str:
    """Give a name without its beginning if it is too long: the end of a test's id tells more."""
    name = one_line(name)
    return name if len(name) <= longest else glyph("…", console) + name[1 - longest :]


def _two_lines(name: str) -> str:
    """Break a name before its version, for columns as narrow as what is in them."""
    family, dash, version = one_line(name, LONGEST_NAME).rpartition("-")
    return f"{family}{dash}\n{version}"


# --- with glyphs -------------------------------------------------------------------------------


def grid(
    marks: Mapping[Cell, Mark],
    experiments: Sequence[str],
    names: Sequence[str],
    methods: Sequence[Method],
    console: Console,
) -> list[Table]:
    """Make tables with a row for each experiment, and in each cell a character for each method."""
    by_row: dict[tuple[str, str], dict[Method, Mark]] = {}
    for cell, each in marks.items():
        by_row.setdefault((cell.experiment, cell.environment), {})[cell.method] = each
    widths = dict.fromkeys(names, len(methods))
    first = min(LONGEST_NAME, max(map(len, experiments), default=0))
    made = []
    for chunk in _chunks(names, _stacked, widths, console.width - first - 1, 1):
        table = _table("experiment", gap=1)
        for name in chunk:
            table.add_column(Text(_stacked(name)), no_wrap=True, vertical="bottom")
        for experiment in experiments:
            row = (by_row.get((experiment, name), {}) for name in chunk)
            table.add_row(
                Text(_name(experiment, LONGEST_NAME, console)),
                *(Text.assemble(*(each.get(method, " ") for method in methods)) for each in row),
            )
        made.append(table)
    return made


def legend(marks: Iterable[Mark], methods: Sequence[Method], console: Console) -> Text:
    """Say what the characters of a grid mean, those that are in it."""
    there = set(marks)
    said = [
        f"{glyph(character, console)} {outcome}"
        for outcome, character in GLYPHS.items()
        if mark(outcome, as_expected=True, console=console) in there
    ] + [
        f"{letter} {outcome.upper()}"
        for outcome, letter in LETTERS.items()
        if mark(outcome, as_expected=False, console=console) in there
    ]
    return Text(f"In each cell {', '.join(methods)}: {', '.join(said)}.", "dim")


def _stacked(name: str) -> str:
    return one_line(name, LONGEST_NAME).replace("-", "\n")


def methods_of(cells: Iterable[Cell]) -> tuple[Method, ...]:
    """Give the methods of cells, in their order."""
    there = {cell.method for cell in cells}
    return tuple(method for method in METHODS if method in there)


# --- both --------------------------------------------------------------------------------------


def _table(*columns: str, gap: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=True, vertical="bottom")
    return table


def width(name: str) -> int:
    """Say how wide the column of an environment is in a grid, at least."""
    return max(map(len, _stacked(name).split("\n")))


def _wide(heading: str, column: int) -> int:
    return max(*map(len, heading.split("\n")), column)


def _chunks(
    names: Sequence[str],
    heading: Callable[[str], str],
    widths: Mapping[str, int],
    left: int,
    gap: int,
) -> Iterator[tuple[str, ...]]:
    """Split the environments into as many tables as the width needs."""
    chunk: list[str] = []
    used = 0
    for name in names:
        needed = _wide(heading(name), widths.get(name, 0)) + gap
        if chunk and used + needed > left:
            yield tuple(chunk)
            chunk, used = [], 0
        chunk.append(name)
        used += needed
    if chunk:
        yield tuple(chunk)

"""A run on the terminal: while it goes, and its table."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from startlab.environments import sort_key
from startlab.model import METHODS
from startlab.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console, RenderableType

    from startlab.model import Cell, Method, PlannedEnvironment, Run, Trial
    from startlab.summary import CellSummary

GLYPHS: Final = {
    "ok": ("✓", "green"),
    "hang": ("∞", "yellow"),
    "crash": ("✗", "magenta"),
    "error": ("!", "yellow"),
    "wrong": ("≠", "yellow"),
    "undecided": ("?", "cyan"),
    "unsupported": ("·", "dim"),
    "unavailable": ("-", "dim"),
    "missing": ("∅", "bold red"),
}
ASCII: Final = {"✓": "+", "∞": "~", "✗": "x", "≠": "#", "·": ".", "∅": "0"}
UNEXPECTED: Final = "bold red"
MOST_CELLS: Final = 6
"""Named for one reason; the table has the others."""


# --- the table ---------------------------------------------------------------------------------


def show(run: Run, console: Console) -> None:
    """Print a run: the table, the deviations again with their reasons, and what it comes to."""
    cells = {each.cell: each for each in summarise(run)}
    names = sorted({cell.environment for cell in cells}, key=sort_key)
    for columns in _columns(names, cells, console.width):
        console.print(_table(cells, columns, console))
        console.print()
    deviations = [(cell, each) for cell, each in cells.items() if not each.as_expected]
    if deviations:
        console.print(_deviations(deviations), soft_wrap=True)
    console.print(summary(run))


def summary(run: Run) -> Text:
    """Say in one line what a run comes to."""
    cells = summarise(run)
    deviating = sum(not each.as_expected for each in cells)
    missing = len(run.missing)
    seconds = sum(end.duration_s for end in run.ends)
    text = Text(f"{len(cells)} cells in {seconds:.1f} s: ")
    if deviating:
        text.append(f"{deviating} not as expected", UNEXPECTED)
        if missing:
            text.append(f", {missing} of them missing", UNEXPECTED)
    else:
        text.append("all as expected", "green")
    return text


def _columns(
    names: Sequence[str], cells: dict[Cell, CellSummary], width: int
) -> Iterable[tuple[str, ...]]:
    """Split the environments into as many tables as the width needs."""
    left = width - max((len(cell.experiment) for cell in cells), default=0) - 16
    chunk: list[str] = []
    used = 0
    for name in names:
        words = [len(each.word) + 2 for cell, each in cells.items() if cell.environment == name]
        needed = max(*map(len, _heading(name).splitlines()), *words) + 2
        if chunk and used + needed > left:
            yield tuple(chunk)
            chunk, used = [], 0
        chunk.append(name)
        used += needed
    if chunk:
        yield tuple(chunk)


def _heading(name: str) -> str:
    """Break a name before its version, for columns as narrow as what is in them."""
    family, _, version = name.rpartition("-")
    return f"{family}-\n{version}"


def _table(cells: dict[Cell, CellSummary], names: Sequence[str], console: Console) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("experiment", no_wrap=True)
    table.add_column("method", no_wrap=True)
    for name in names:
        table.add_column(_heading(name), no_wrap=True)
    rows: dict[str, dict[Method, dict[str, CellSummary]]] = {}
    for cell, each in cells.items():
        rows.setdefault(cell.experiment, {}).setdefault(cell.method, {})[cell.environment] = each
    deviating = {cell.experiment for cell, each in cells.items() if not each.as_expected}
    for experiment in sorted(rows, key=lambda name: name not in deviating):
        shown = experiment
        for method in sorted(rows[experiment], key=METHODS.index):
            row = rows[experiment][method]
            table.add_row(shown, method, *(_cell(row.get(name), console) for name in names))
            shown = ""
    return table


def _cell(each: CellSummary | None, console: Console) -> Text:
    if each is None:
        return Text("")
    glyph, style = GLYPHS[each.outcome]
    if not console.encoding.lower().startswith("utf"):
        glyph = ASCII.get(glyph, glyph)
    if each.as_expected:
        return Text(f"{glyph} {each.word}", style)
    return Text(f"{glyph} {each.word.upper()}", UNEXPECTED)


def _deviations(deviations: Sequence[tuple[Cell, CellSummary]]) -> RenderableType:
    """Tell each reason once, with the cells that it is the reason of."""
    reasons: dict[tuple[str, str], list[tuple[Cell, CellSummary]]] = {}
    for cell, each in deviations:
        reasons.setdefault((each.word, each.reason), []).append((cell, each))
    parts: list[RenderableType] = [Text("Not as expected (in CAPITALS above)", "bold")]
    for (word, reason), cells in reasons.items():
        for cell, each in cells[:MOST_CELLS]:
            line = Text(f"{cell.experiment} × {cell.environment} × {cell.method}: ")
            parts.append(line.append(word, UNEXPECTED))
            if each.first is not None and each.first.reproduce:
                parts.append(Text(f"    {each.first.reproduce}", "dim"))
        if len(cells) > MOST_CELLS:
            parts.append(Text(f"and {len(cells) - MOST_CELLS} more"))
        parts.append(Text(f"    {printable(reason)}"))
        first = cells[0][1].first
        if first is not None and first.where:
            parts.append(Text(f"    at {printable(first.where)}"))
    return Group(*parts)


def printable(text: str) -> str:
    """Escape what a program's text could do to a terminal; keep line ends."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


# --- while it goes -----------------------------------------------------------------------------


class Follower:
    """Shows a run while it goes: a bar on a terminal, else a line for each environment."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._left: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._began = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("starting", total=None)

    def __enter__(self) -> Follower:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        """Tell the person something."""
        self._console.print(Text(printable(text)), soft_wrap=True)

    def planned(self, environment: PlannedEnvironment) -> None:
        """Count the cells of an environment that has come."""
        self._left[environment.name] = len(set(environment.cells))
        self._counts[environment.name] = 0
        total = sum(self._left.values()) + sum(self._counts.values())
        self._bar.update(self._task, total=total)
        if environment.unavailable:
            self.say(f"{environment.name}: unavailable: {environment.unavailable}")

    def began(self, cell: Cell) -> None:
        """Show the trial that has begun."""
        with self._lock:
            description = f"{cell.experiment} {cell.environment} {cell.method}"
            self._bar.update(self._task, description=description[:48].ljust(48))

    def ended(self, trial: Trial) -> None:
        """Count a trial; tell at once of one that is not as expected."""
        self._bar.advance(self._task)
        self._counts[trial.environment] = self._counts.get(trial.environment, 0) + 1
        if not trial.as_expected and trial.outcome != "unavailable":
            self.say(
                f"{trial.experiment} × {trial.environment} × {trial.method}: "
                f"{trial.outcome}: {trial.reason}"
            )
        if (
            not self._console.is_terminal
            and trial.outcome != "unavailable"
            and (self._counts[trial.environment] == self._left.get(trial.environment))
        ):
            seconds = time.monotonic() - self._began
            self.say(f"{trial.environment}: all cells run, {seconds:.1f} s since the beginning")

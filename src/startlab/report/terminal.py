"""A run on the terminal: its table, and what is not as expected."""

from __future__ import annotations

import contextlib
import textwrap
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.text import Text

from startlab.diagnosis import diagnose
from startlab.plan.environments import sort_key
from startlab.report import github, unproven
from startlab.report.live import Follower
from startlab.report.table import UNEXPECTED, glyph, grid, legend, mark, methods_of, words
from startlab.report.text import excerpt, one_line, printable
from startlab.results.summary import of_program, summarise
from startlab.results.trials import by_cell

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from rich.console import Console, RenderableType

    from startlab.diagnosis import Diagnosis
    from startlab.model import Cell, Finding, Run
    from startlab.results.diff import Change, Diff
    from startlab.results.summary import CellSummary

__all__ = ["Follower", "printable", "show", "show_diff"]

MOST_CELLS: Final = 6
"""Named for one reason; the table has the others."""

MOST_REASONS: Final = 100
NOT_RUN: Final = ("unavailable", "missing")
HEADINGS: Final = {
    "worse": "Worse",
    "better": "Better",
    "changed": "Changed",
    "new": "Not planned before",
    "gone": "No longer planned",
}
HEADING_STYLES: Final = {"worse": UNEXPECTED, "better": "bold green"}
MOST_EXPERIMENTS: Final = 200
MOST_LINES: Final = 60
"""Of the table with words; a longer one has only glyphs."""


# --- a run -------------------------------------------------------------------------------------


def show(run: Run, console: Console) -> None:
    """Print a run: the table, the deviations again with their reasons, and what it comes to.

    In a log of GitHub Actions the table is folded, and each reason is an annotation.
    """
    cells = {each.cell: each for each in summarise(run)}
    with _folded(f"{len(cells)} cells", console):
        for part in _tables(cells, console):
            console.print(part)
            console.print()
    diagnosis = diagnose(run)
    for caveat in (*run.caveats, *diagnosis.caveats):
        _line(console, f"{glyph('!', console)} {one_line(caveat)}", "bold")
    doubt = unproven.hangs(run, cells.values())
    if doubt is not None:
        _line(console, one_line(doubt))
    deviations = [(cell, each) for cell, each in cells.items() if not each.as_expected]
    if run.header.program is not None:
        show_findings(run, diagnosis.findings, console)
        deviations = [(cell, each) for cell, each in deviations if each.outcome in NOT_RUN]
    if deviations:
        console.print(_deviations(deviations), soft_wrap=True)
    if github.is_here():
        for command in github.errors(run):
            _line(console, command)
    console.print(_summary(run, cells.values()))
    _answer(diagnosis, console)


def _summary(run: Run, cells: Collection[CellSummary]) -> Text:
    """Say in one line what a run comes to."""
    deviating = sum(not each.as_expected for each in cells)
    missing = sum(each.outcome == "missing" for each in cells)
    seconds = sum(end.duration_s for end in run.ends)
    text = Text(f"{len(cells)} cells in {seconds:.1f} s: ")
    if run.header.program is not None:
        text.append(of_program(cells), UNEXPECTED if deviating else "green")
    elif deviating:
        text.append(f"{deviating} not as expected", UNEXPECTED)
        if missing:
            text.append(f", {missing} of them missing", UNEXPECTED)
    else:
        text.append("all as expected", "green")
    return text


def _tables(cells: Mapping[Cell, CellSummary], console: Console) -> Iterator[RenderableType]:
    """Give the tables with words, unless they are longer than anybody reads."""
    names = sorted({cell.environment for cell in cells}, key=sort_key)
    deviating = {cell.experiment for cell, each in cells.items() if not each.as_expected}
    experiments = dict.fromkeys(cell.experiment for cell in cells)
    ordered = sorted(experiments, key=lambda name: name not in deviating)
    place = {name: number for number, name in enumerate(ordered)}
    if len({(cell.experiment, cell.method) for cell in cells}) <= MOST_LINES:
        in_order = sorted(cells.items(), key=lambda item: place[item[0].experiment])
        with_words = words(dict(in_order), names, console)
        if sum(part.row_count for part in with_words) <= MOST_LINES:
            yield from with_words
            return
    methods = methods_of(cells)
    marks = {
        cell: mark(each.outcome, as_expected=each.as_expected, console=console)
        for cell, each in cells.items()
        if place[cell.experiment] < MOST_EXPERIMENTS
    }
    yield from grid(marks, ordered[:MOST_EXPERIMENTS], names, methods, console)
    if len(ordered) > MOST_EXPERIMENTS:
        more = len(ordered) - MOST_EXPERIMENTS
        yield Text(f"and {more} more experiments; report.html has all")
    yield legend(marks.values(), methods, console)


def show_findings(run: Run, findings: Sequence[Finding], console: Console) -> None:
    """Print what was found out about a user's program, each cause once."""
    trials = dict(by_cell(run))
    for number, finding in enumerate(findings, 1):
        style = "bold" if finding.note else UNEXPECTED
        _line(console, f"{number}. {one_line(finding.title)}", style)
        lines = [finding.text, _explained(finding), finding.advice]
        if finding.where is not None:
            lines.insert(0, f"{finding.where}: {finding.code}")
        lines.append(f"startlab explain {finding.mechanism}")
        if finding.experiment is not None:
            lines.append(f"startlab show {finding.experiment}")
        for line in filter(None, lines):
            _line(console, _indented(excerpt(line)))
        if finding.cells and not finding.note:
            first = trials[finding.cells[0].cell][0]
            _line(console, _indented(one_line(first.reproduce)), "dim")
        console.print()


def _explained(finding: Finding) -> str:
    cells = [
        f"{each.cell.environment} {each.cell.method}"
        + (f" {each.count} of {each.of}" if each.of > 1 else "")
        for each in finding.cells
    ]
    more = f" and {len(cells) - MOST_CELLS} more" if len(cells) > MOST_CELLS else ""
    return ", ".join(cells[:MOST_CELLS]) + more


def _answer(diagnosis: Diagnosis, console: Console) -> None:
    """Print the last word, and what it does not cover."""
    if diagnosis.beyond is not None:
        _line(console, one_line(diagnosis.beyond), "dim")
    if diagnosis.answer is not None:
        _line(console, one_line(diagnosis.answer), "bold")


def _deviations(deviations: Sequence[tuple[Cell, CellSummary]]) -> RenderableType:
    """Tell each reason once, with the cells that it is the reason of."""
    reasons: dict[tuple[str, str], list[tuple[Cell, CellSummary]]] = {}
    for cell, each in deviations:
        reasons.setdefault((each.word, each.reason), []).append((cell, each))
    parts: list[RenderableType] = [Text("Not as expected (in CAPITALS above)", "bold")]
    ordered = sorted(reasons.items(), key=lambda item: item[1][0][1].outcome in NOT_RUN)
    for (word, reason), cells in ordered[:MOST_REASONS]:
        for cell, each in cells[:MOST_CELLS]:
            parts.append(Text(f"{_name(cell)}: ").append(word, UNEXPECTED))
            if each.first is not None and each.first.reproduce:
                parts.append(Text(f"    {one_line(each.first.reproduce)}", "dim"))
        if len(cells) > MOST_CELLS:
            parts.append(Text(f"and {len(cells) - MOST_CELLS} more"))
        parts.append(Text(_indented(excerpt(reason))))
        first = cells[0][1].first
        if first is not None and first.where:
            parts.append(Text(f"    at {one_line(first.where)}"))
    if len(reasons) > MOST_REASONS:
        parts.append(Text(f"and {len(reasons) - MOST_REASONS} more reasons; report.html has all"))
    return Group(*parts)


def _indented(text: str) -> str:
    return textwrap.indent(text, "    ")


def _name(cell: Cell) -> str:
    return f"{one_line(cell.experiment)} × {one_line(cell.environment)} × {cell.method}"


@contextlib.contextmanager
def _folded(title: str, console: Console) -> Iterator[None]:
    """Fold what is printed, where a log can be."""
    if not github.is_here():
        yield
        return
    _line(console, github.group(title))
    yield
    _line(console, "::endgroup::")


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style), soft_wrap=True)


# --- two runs ----------------------------------------------------------------------------------


def show_diff(diff: Diff, console: Console) -> None:
    """Print what changed from one run to another, what got worse first."""
    _line(console, f"{one_line(diff.old)} → {one_line(diff.new)}", "bold")
    for caveat in diff.caveats:
        _line(console, f"! {one_line(caveat)}", "bold")
    for each in diff.environments:
        _line(console, one_line(f"{each.name}: {each.what} {each.was} → {each.now}"))
    for kind, heading in HEADINGS.items():
        changes = [change for change in diff.changes if change.kind == kind]
        if changes:
            console.print()
            _line(console, f"{heading} ({len(changes)})", HEADING_STYLES.get(kind, "bold"))
            for group in _alike(changes):
                console.print(_change(group), soft_wrap=True)
    console.print()
    _line(console, f"{diff.same} cells as they were, {len(diff.worse)} worse")


def _alike(changes: Iterable[Change]) -> Iterable[list[Change]]:
    """Put together what changed in the same way, but in another environment."""
    groups: dict[tuple[str, ...], list[Change]] = {}
    for each in changes:
        key = (each.cell.experiment, each.cell.method, each.said, each.reason)
        groups.setdefault(key, []).append(each)
    return groups.values()


def _change(group: Sequence[Change]) -> RenderableType:
    first = group[0]
    names = sorted((one_line(each.cell.environment) for each in group), key=sort_key)
    where = ", ".join(names[:MOST_CELLS])
    if len(names) > MOST_CELLS:
        where += f" and {len(names) - MOST_CELLS} more"
    changed = f"{first.cell.experiment} × {first.cell.method}: {first.said}"
    lines = [Text(f"{one_line(changed)}: {where}")]
    if first.reason:
        place = f" at {one_line(first.where)}" if first.where else ""
        lines.append(Text(_indented(f"{excerpt(first.reason)}{place}")))
    if first.kind == "worse" and first.reproduce:
        lines.append(Text(f"    {one_line(first.reproduce)}", "dim"))
    return Group(*lines)

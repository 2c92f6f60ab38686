"""A run on the terminal: its table, and what is not as expected."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Final

from rich.text import Text

from startlab.diagnosis.suites import is_suite
from startlab.plan.environments import sort_key
from startlab.report import finding, github, prose, unproven
from startlab.report.live import Follower
from startlab.report.table import UNEXPECTED, glyph, grid, legend, mark, methods_of, words
from startlab.report.text import CHILD_FAILED, excerpt, one_line, printable
from startlab.results.summary import of_program, summarise
from startlab.results.trials import by_cell

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.console import Console, RenderableType

    from startlab.diagnosis import Diagnosis
    from startlab.model import Cell, Finding, Run
    from startlab.results.diff import Change, Diff
    from startlab.results.summary import CellSummary

__all__ = ["Follower", "printable", "show", "show_diff"]

MOST_CELLS: Final = 6
"""Named for one reason; the table has the others."""

LABEL: Final = 14
"""Columns in which it says what a part of a finding is."""

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


def show(run: Run, diagnosis: Diagnosis, console: Console, folder: Path | None = None) -> None:
    """Print a run: the table, what is not as expected and why, and last what it comes to.

    `folder` is where the run is. In a log of GitHub Actions the table is folded, and each reason is
    an annotation.
    """
    cells = {each.cell: each for each in summarise(run)}
    if console.is_terminal:
        console.print()  # after what was told while it ran
    _show_cells(run, cells, console)
    for caveat in (*run.caveats, *diagnosis.caveats):
        prose.say(console, one_line(caveat), "bold", first=glyph("!", console), indent=2)
    doubt = unproven.hangs(run, cells.values())
    if doubt is not None:
        prose.say(console, one_line(doubt))
    deviations = [(cell, each) for cell, each in cells.items() if not each.as_expected]
    if run.header.program is not None:
        findings(run, diagnosis.findings, console)
        deviations = [(cell, each) for cell, each in deviations if each.outcome in NOT_RUN]
    _deviations(deviations, console, of_program=run.header.program is not None)
    if github.is_here():
        for command in github.errors(run, diagnosis):
            _line(console, command)
    place = "" if folder is None else f"The run is in {folder}."
    seconds = sum(end.duration_s for end in run.ends)
    size = f"{len(cells)} cell{'' if len(cells) == 1 else 's'} in {seconds:.1f} s"
    if run.header.program is None:
        if place:
            prose.say(console, place)
        _verdict_of_lab(size, cells.values(), console)
    else:
        tally = f"{size}: {of_program(cells.values())}."
        prose.say(console, f"{tally} {place}".rstrip(), "dim")
        _verdict(diagnosis, console)


def _show_cells(run: Run, cells: Mapping[Cell, CellSummary], console: Console) -> None:
    """Print the tables; of a suite, those tests alone that may depend on the start method."""
    shown = _telling(cells) if is_suite(run) else cells
    if shown:
        with _folded(f"{len(cells)} cells", console):
            for part in _tables(shown, console, of_program=run.header.program is not None):
                console.print(part)
                console.print()
    passed = len({cell.experiment for cell in cells} - {cell.experiment for cell in shown})
    if passed:
        more = " more" if shown else ""
        tests = f"1{more} test" if passed == 1 else f"{passed}{more} tests"
        prose.say(console, f"{tests}, run under one start method alone, passed.", "dim")
        console.print()


def _telling(cells: Mapping[Cell, CellSummary]) -> dict[Cell, CellSummary]:
    """Leave out the tests that depend on no start method and are ok."""
    every = Counter((cell.experiment, cell.environment) for cell in cells)
    telling = {
        cell.experiment
        for cell, each in cells.items()
        if every[cell.experiment, cell.environment] > 1 or each.outcome != "ok"
    }
    return {cell: each for cell, each in cells.items() if cell.experiment in telling}


def _verdict(diagnosis: Diagnosis, console: Console) -> None:
    """Say what was not tried, and in one line what a run of a program comes to."""
    if diagnosis.beyond is not None:
        prose.say(console, one_line(diagnosis.beyond), "dim")
    prose.say(console, one_line(diagnosis.answer), "bold")


def _verdict_of_lab(size: str, cells: Collection[CellSummary], console: Console) -> None:
    """Say in one line what a run of the catalogue comes to."""
    deviating = sum(not each.as_expected for each in cells)
    missing = sum(each.outcome == "missing" for each in cells)
    if not deviating:
        prose.say(console, f"{size}: all as expected", "bold green")
        return
    said = f"{size}: {deviating} not as expected"
    prose.say(console, said + (f", {missing} of them missing" if missing else ""), UNEXPECTED)


def _tables(
    cells: Mapping[Cell, CellSummary], console: Console, *, of_program: bool
) -> Iterator[RenderableType]:
    """Give the tables with words, unless they are longer than anyone reads."""
    names = sorted({cell.environment for cell in cells}, key=sort_key)
    deviating = {cell.experiment for cell, each in cells.items() if not each.as_expected}
    experiments = dict.fromkeys(cell.experiment for cell in cells)
    ordered = sorted(experiments, key=lambda name: name not in deviating)
    place = {name: number for number, name in enumerate(ordered)}
    if len({(cell.experiment, cell.method) for cell in cells}) <= MOST_LINES:
        in_order = sorted(cells.items(), key=lambda item: place[item[0].experiment])
        with_words = words(dict(in_order), names, console, of_program=of_program)
        if sum(part.row_count for part in with_words) <= MOST_LINES:
            yield from with_words
            yield from _legends(cells.values(), console)
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
    yield from _legends(cells.values(), console)


def _legends(cells: Collection[CellSummary], console: Console) -> Iterator[Text]:
    """Say what the letters of outputs and the mark of failed children mean, if they are there."""
    said = []
    if any(each.outcome == "differs" for each in cells):
        said.append("Same letter, same output.")
    if any(each.child_failed for each in cells):
        mark = glyph(CHILD_FAILED, console)
        said.append(f"{mark} something failed in a child, but the program exited with status 0.")
    if said:
        yield Text(" ".join(said), "dim")


def findings(run: Run, found: Iterable[Finding], console: Console) -> None:
    """Print what was found out about a user's program, each cause once."""
    trials = dict(by_cell(run))
    for number, each in enumerate(found, 1):
        style = "bold" if each.note else UNEXPECTED
        prose.say(console, one_line(each.title), style, first=f"{number}. ", indent=3)
        _source(each, console)
        for label, said in finding.explanation(each):
            _labelled(label, excerpt(said), console)
        _labelled("Tests", _tests(run, each), console)
        _labelled("Seen in", finding.seen_in(each), console)
        _labelled("Read more", finding.more(each), console)
        command = finding.reproduce(trials, each)
        if command:
            prose.say_command(console, command, "dim", first="   Reproduce", indent=LABEL)
        console.print()


def _source(of: Finding, console: Console) -> None:
    """Print the line that a finding is about, marked, with those around it."""
    if of.where is None:
        return
    _line(console, f"   {one_line(of.where)}")
    for each in of.lines:
        before = ">" if each.marked else " "
        line = Text(f"   {before} {each.number:4} | {printable(each.code)}".rstrip())
        line.stylize("bold" if each.marked else "dim")
        prose.say_shortened(console, line)


def _labelled(label: str, text: str, console: Console) -> None:
    if text:
        prose.say(console, text, first=f"   {label}", indent=LABEL)


def _tests(run: Run, of: Finding) -> str:
    """Name the tests of a suite that a finding is about."""
    program = run.header.program
    names = dict.fromkeys(each.cell.experiment for each in of.cells)
    if of.note or program is None or list(names) == [program.name]:
        return ""
    return finding.some(list(names))


def _deviations(
    deviations: Sequence[tuple[Cell, CellSummary]], console: Console, *, of_program: bool
) -> None:
    """Print each reason once, with the cells that it is the reason of."""
    if not deviations:
        return
    reasons: dict[tuple[str, str], list[tuple[Cell, CellSummary]]] = {}
    for cell, each in deviations:
        reasons.setdefault((each.word, each.reason), []).append((cell, each))
    heading = "Not run" if of_program else "Not as expected (in CAPITALS above)"
    _line(console, heading, "bold")
    ordered = sorted(reasons.items(), key=lambda item: item[1][0][1].outcome in NOT_RUN)
    for (word, reason), cells in ordered[:MOST_REASONS]:
        for cell, each in cells[:MOST_CELLS]:
            console.print(Text(f"{_name(cell)}: ").append(word, UNEXPECTED), soft_wrap=True)
            if each.first is not None and each.first.reproduce:
                command = one_line(each.first.reproduce)
                prose.say_command(console, command, "dim", indent=4)
        if len(cells) > MOST_CELLS:
            _line(console, f"and {len(cells) - MOST_CELLS} more")
        prose.say(console, excerpt(reason), indent=4)
        first = cells[0][1].first
        if first is not None and first.where:
            prose.say(console, f"at {one_line(first.where)}", indent=4)
    if len(reasons) > MOST_REASONS:
        _line(console, f"and {len(reasons) - MOST_REASONS} more reasons; report.html has all")


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
        prose.say(console, one_line(caveat), "bold", first="!", indent=2)
    for each in diff.environments:
        prose.say(console, one_line(f"{each.name}: {each.what} {each.was} → {each.now}"))
    for kind, heading in HEADINGS.items():
        changes = [change for change in diff.changes if change.kind == kind]
        if changes:
            console.print()
            _line(console, f"{heading} ({len(changes)})", HEADING_STYLES.get(kind, "bold"))
            for group in _alike(changes):
                _change(group, console)
    console.print()
    _line(console, f"{diff.same} cells unchanged, {len(diff.worse)} worse")


def _alike(changes: Iterable[Change]) -> Iterable[list[Change]]:
    """Put together what changed in the same way, but in another environment."""
    groups: dict[tuple[str, ...], list[Change]] = {}
    for each in changes:
        key = (each.cell.experiment, each.cell.method, each.said, each.reason)
        groups.setdefault(key, []).append(each)
    return groups.values()


def _change(group: Sequence[Change], console: Console) -> None:
    first = group[0]
    names = sorted((one_line(each.cell.environment) for each in group), key=sort_key)
    changed = f"{first.cell.experiment} × {first.cell.method}: {first.said}"
    prose.say(console, f"{one_line(changed)}: {finding.some(names)}")
    if first.reason:
        place = f" at {one_line(first.where)}" if first.where else ""
        prose.say(console, f"{excerpt(first.reason)}{place}", indent=4)
    if first.kind == "worse" and first.reproduce:
        prose.say_command(console, one_line(first.reproduce), "dim", indent=4)

"""The parts of a finding, with the same labels in the same order in every report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.report.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from startlab.model import Cell, Finding, FindingGrade
    from startlab.results.trials import OfCell

MOST_NAMED: Final = 6
"""Environments or tests that are named in one list; the table has the others."""

GRADES: Final[Mapping[FindingGrade, str]] = {
    "shown": "shown: it was seen directly",
    "confirmed": "confirmed by experiment",
    "suspected": "suspected: recognized, not confirmed by experiment",
    "unknown": "unknown",
}
"""How sure a cause is, in words."""


def explanation(finding: Finding) -> Iterator[tuple[str, str]]:
    """Give what explains it: each label with its text."""
    if finding.text:
        yield "Why", finding.text
    if not finding.note:
        yield "Certainty", GRADES[finding.grade]
    if finding.advice:
        yield "What to do", finding.advice


def more(finding: Finding) -> str:
    """Give the command that explains its kind at length."""
    return f"startlab explain {finding.mechanism}"


def reproduce(trials: Mapping[Cell, OfCell], finding: Finding) -> str:
    """Give the command that runs its first cell again; of a note there is none."""
    if finding.note or not finding.cells:
        return ""
    return one_line(trials[finding.cells[0].cell][0].reproduce)


def seen_in(finding: Finding) -> str:
    """Name the environments where the title cannot: several, or some trials of a cell alone."""
    from startlab.plan.environments import sort_key  # slow

    methods: dict[str, list[str]] = {}
    for each in finding.cells:
        share = f" {each.count} of {each.of}" if each.count < each.of else ""
        methods.setdefault(f"{each.cell.method}{share}", []).append(each.cell.environment)
    names = dict.fromkeys(each.cell.environment for each in finding.cells)
    if len(names) < 2 and all(each.count == each.of for each in finding.cells):
        return ""
    alike: dict[tuple[str, ...], list[str]] = {}
    for method, environments in methods.items():
        in_order = sorted(dict.fromkeys(environments), key=sort_key)
        alike.setdefault(tuple(in_order), []).append(method)
    return "; ".join(f"{', '.join(said)}: {some(names)}" for names, said in alike.items())


def some(names: Sequence[str]) -> str:
    """Name the first few, and say how many more there are."""
    left_out = len(names) - MOST_NAMED
    told = ", ".join(map(one_line, names[:MOST_NAMED]))
    return told + (f" and {left_out} more" if left_out > 0 else "")

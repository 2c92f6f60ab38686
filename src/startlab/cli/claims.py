"""`startlab claims`: what a run says about the textbook's sentences."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.text import Text

from startlab.catalogue import claims as ledger
from startlab.cli import options
from startlab.results import journal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from startlab.catalogue.claims import Judgement, Verdict, Witness
    from startlab.model import Environment

GLYPHS: Final[dict[Verdict, tuple[str, str]]] = {
    "holds": ("✓", "green"),
    "holds in part": ("◐", "magenta"),
    "refuted": ("✗", "bold red"),
    "not run": ("∅", "dim"),
}
HEADINGS: Final = {"textbook": "What the textbook says", "startlab": "What it does not say"}
MARGIN: Final = 6
MOST: Final = 6
"""How many experiments are named together; --cells names every cell."""


@click.command()
@click.argument("run", type=click.Path(path_type=Path), default=journal.RUNS / "latest")
@click.option("--cells", "every_cell", is_flag=True, help="Name every cell that is evidence.")
@options.JSON
def claims(run: Path, *, every_cell: bool, as_json: bool) -> None:
    """Show which sentences of the textbook hold.

    RUN is the run whose cells decide: its folder, journal or id. [default: the last run]
    """
    found = journal.read(run)
    judgements = ledger.judge(found)
    if as_json:
        options.print_json({"run": found.header.id, "claims": judgements})
        return
    console = Console()
    environments = {each.name: each.environment for each in found.environments if each.environment}
    names = ledger.named(environments, environments, environments)
    console.print(Text(f"By the run {found.header.id}, on {names or 'no environment'}\n"))
    origin = ""
    for each in judgements:
        if each.claim.origin != origin:
            if origin:
                console.print()
            origin = each.claim.origin
            console.print(Text(HEADINGS[each.claim.origin], "bold"))
        _show(each, environments, console, every_cell=every_cell)
    console.print()
    console.print(Text(_summary(judgements), "bold"))


def _show(
    judgement: Judgement,
    environments: Mapping[str, Environment],
    console: Console,
    *,
    every_cell: bool,
) -> None:
    glyph, style = GLYPHS[judgement.verdict]
    if not console.encoding.lower().startswith("utf"):
        glyph = " "
    heading = Text(f"{glyph} {judgement.verdict}", style).append(
        f": {judgement.claim.text}", "default"
    )
    _say(console, heading, judgement.claim.id)
    dim = "dim" if console.is_terminal else ""
    for word, witnesses in (
        ("for", judgement.supporting),
        ("against", judgement.contradicting),
    ):
        if every_cell:
            for each in witnesses:
                _say(console, Text(f"{word}: {_exactly(each)}", dim))
        elif witnesses:
            _say(console, Text(f"{word}: {ledger.describe(witnesses, environments, MOST)}", dim))
    if judgement.lacking and (every_cell or judgement.verdict == "not run"):
        _say(console, Text(f"not in this run: {'; '.join(judgement.lacking)}", dim))
    if judgement.claim.note:
        _say(console, Text(judgement.claim.note, dim))


def _exactly(witness: Witness) -> str:
    cell = witness.cell
    return f"{cell.experiment} × {cell.environment} × {cell.method}: {witness.exactly}"


def _say(console: Console, text: Text, number: str = "") -> None:
    """Print a text, wrapped beside a margin that may hold a number."""
    margin = f"{number:>{MARGIN - 2}}  "
    for line in text.wrap(console, max(console.width - MARGIN, MARGIN)):
        line.rstrip()
        console.print(Text(margin).append_text(line), soft_wrap=True)
        margin = " " * MARGIN


def _summary(judgements: Sequence[Judgement]) -> str:
    counts = dict.fromkeys(GLYPHS, 0)
    for each in judgements:
        counts[each.verdict] += 1
    return f"{len(judgements)} claims: " + ", ".join(
        f"{count} {verdict}" for verdict, count in counts.items() if count
    )

"""`startlab list` and `startlab show`: the experiments of the catalogue."""

from __future__ import annotations

import difflib
from itertools import groupby
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from startlab import catalogue
from startlab.catalogue import mistakes, update
from startlab.cli import options
from startlab.errors import JournalError, SelectionError
from startlab.model import METHODS, OUTCOMES
from startlab.plan.environments import sort_key
from startlab.report import table as tables
from startlab.results import journal, measurements
from startlab.results.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from startlab.model import Expectation, Experiment, Method, Outcome, Run

EXPECTABLE: Final = OUTCOMES[: OUTCOMES.index("undecided")]

SIMILAR: Final = 0.6
"""How similar two programs must be for a diff to be shorter than the program."""


@click.command(name="list")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("--group", type=click.Choice(list(catalogue.GROUPS)), help="What goes wrong.")
@click.option("--tag", "tags", multiple=True, help="Those with this tag. May be repeated.")
@click.option(
    "--outcome",
    type=click.Choice(EXPECTABLE),
    help="Those that expect this outcome, under --method if given.",
)
@click.option(
    "--method", "-m", type=click.Choice(METHODS), help="Those with cells for this method."
)
@options.JSON
def list_(
    words: tuple[str, ...],
    group: str | None,
    tags: tuple[str, ...],
    outcome: Outcome | None,
    method: Method | None,
    *,
    as_json: bool,
) -> None:
    """List the experiments of the catalogue, by what goes wrong.

    With words, only those that contain all of them in their name, title, claim, mechanism, tags or
    program.
    """
    every = catalogue.load()
    _known_tags(tags, every)
    found = [
        each
        for each in every
        if group in (None, each.group)
        and set(tags) <= set(each.tags)
        and method in (None, *each.methods)
        and (outcome is None or _may_be(each, outcome, method))
        and _has(each, words)
    ]
    if as_json:
        options.print_json(found)
        return
    console = options.console()
    width = max((len(each.name) for each in found), default=0)
    for name, heading in catalogue.GROUPS.items():
        members = [each for each in found if each.group == name]
        if members:
            console.print(Text(heading, "bold").append(f"  {name}", "dim"))
            grid = Table.grid(padding=(0, 2, 0, 0))
            grid.add_column(width=width + 2, no_wrap=True)
            grid.add_column()
            for each in members:
                grid.add_row(f"  {each.name}", each.title)
            console.print(grid)
            console.print()
    console.print(f"{len(found)} of {len(every)} experiments and variants.")


def _known_tags(tags: Sequence[str], experiments: Sequence[Experiment]) -> None:
    known = {tag for each in experiments for tag in each.tags}
    for tag in tags:
        if tag not in known:
            near = ", ".join(mistakes.nearest(tag, known))
            raise SelectionError(
                f"--tag {tag}: no experiment has it. The nearest are {near}. "
                f"`startlab list {tag}` looks for the word in all texts, "
                "`startlab list --json` has all tags."
            )


def _has(experiment: Experiment, words: Sequence[str]) -> bool:
    """Return whether all words are in the texts of an experiment, or in its program."""
    if not words:
        return True
    said = (experiment.name, experiment.title, experiment.claim, experiment.mechanism)
    program = (catalogue.ROOT / experiment.program).read_text("utf-8")
    text = "\n".join((*said, *experiment.tags, program)).casefold()
    return all(word.casefold() in text for word in words)


def _may_be(experiment: Experiment, outcome: Outcome, method: Method | None) -> bool:
    """Return whether an outcome is expected, under a method if one is given."""
    return any(
        outcome in each.outcome and (method is None or each.method is None or method in each.method)
        for each in experiment.expect
    )


# --- one ---------------------------------------------------------------------------------------


@click.command()
@click.argument("experiment", shell_complete=lambda *_: [e.name for e in catalogue.load()])
@options.JSON
def show(experiment: str, *, as_json: bool) -> None:
    """Show an experiment of the catalogue.

    That is its program, claim, mechanism, expectations and cure; of one with variants, also what
    each changes in the program.
    """
    family = _family(experiment)
    found, variants = family[0], family[1:]
    programs = {each.name: (catalogue.ROOT / each.program).read_text("utf-8") for each in family}
    last = _last_run()
    if as_json:
        cells = () if last is None else _cells(last, family)
        options.print_json(
            {
                "experiment": found,
                "variants": variants,
                "program": programs[found.name],
                "programs": programs,
                "last_run": None if last is None else last.header.id,
                "cells": cells,
            }
        )
        return
    console = Console()
    console.print(Text(found.name, "bold").append(f": {found.title}", "default"))
    console.print(f"{catalogue.GROUPS[found.group]}. Tags: {', '.join(found.tags) or 'none'}.\n")
    _section(console, "Claim", found.claim)
    _heading(console, found.program)
    console.print(_code(programs[found.name], "python"))
    _section(console, "Mechanism", found.mechanism)
    _heading(console, "Expected, the first that matches")
    console.print(_expectations(found))
    console.print()
    if found.cure:
        _section(console, "Cure", found.cure)
    for variant in variants:
        _variant(console, _model(variant, family), variant, programs)
    _heading(console, "Sources")
    for source in found.source:
        console.print(Text(f"  {source}"), soft_wrap=True)
    console.print()
    _seen(console, last, family)


def _family(name: str) -> tuple[Experiment, ...]:
    """Find an experiment with its variants, or a variant alone."""
    every = catalogue.load()
    found = [each for each in every if each.name == name or each.name.startswith(f"{name}:")]
    if not found:
        alike = (each.name for each in every if (":" in name) == (":" in each.name))
        near = ", ".join(mistakes.nearest(name, alike))
        raise SelectionError(
            f"There is no experiment {name}. The nearest are {near}. `startlab list` has all, "
            f"`startlab list {name}` those with that word in their texts."
        )
    return tuple(found)


def _section(console: Console, heading: str, text: str) -> None:
    _heading(console, heading)
    console.print(Text(" ".join(text.split())))
    console.print()


def _heading(console: Console, text: str) -> None:
    console.print(Text(text, "bold"))


def _code(text: str, language: str) -> Syntax:
    return Syntax(text, language, theme="ansi_dark", background_color="default", word_wrap=True)


def _model(variant: Experiment, family: Sequence[Experiment]) -> Experiment:
    """Find what a variant is based on: the variant that it cures, else the experiment."""
    cured = {f"{each.name}_cure": each for each in family}
    return cured.get(variant.name, family[0])


def _variant(
    console: Console, model: Experiment, variant: Experiment, programs: dict[str, str]
) -> None:
    """Show a variant: as a diff to its model, or in full if that is shorter."""
    _heading(console, f"{variant.name}: {variant.title}")
    before, after = (programs[each.name].splitlines() for each in (model, variant))
    if variant.program == model.program:
        console.print(f"The same program, called with: {' '.join(variant.args) or 'nothing'}")
    elif difflib.SequenceMatcher(None, before, after).ratio() < SIMILAR:
        console.print(_code(programs[variant.name], "python"))
    else:
        changes = difflib.unified_diff(before, after, model.program, variant.program, lineterm="")
        console.print(_code("\n".join(changes), "diff"))
    console.print()
    if variant.mechanism != model.mechanism:
        console.print(Text(" ".join(variant.mechanism.split())))
        console.print()
    console.print(_expectations(variant))
    console.print()


def _expectations(experiment: Experiment) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("method", "where", "outcome", "and"):
        table.add_column(Text(heading, "dim"))
    for expectation in experiment.expect:
        table.add_row(
            ", ".join(expectation.method or experiment.methods),
            Text(_where(expectation)),
            Text(" or ".join(expectation.outcome)),
            Text(_also(expectation)),
        )
    return table


def _where(expectation: Expectation) -> str:
    parts = [expectation.when or "", expectation.libc or ""]
    if expectation.free_threaded is not None:
        parts.append("free-threaded" if expectation.free_threaded else "with the GIL")
    if expectation.wine is not None:
        parts.append("under Wine" if expectation.wine else "not under Wine")
    return ", ".join(part for part in parts if part) or "everywhere"


def _also(expectation: Expectation) -> str:
    parts = [
        f"{key} like {value}".replace("\n", "\\n")
        for key in ("exception", "stdout")
        if (value := getattr(expectation, key)) is not None
    ]
    if expectation.method_used is not None:
        parts.append(f"uses {' and '.join(expectation.method_used)}")
    if expectation.frequency is not None:
        low, high = expectation.frequency
        parts.append(f"{expectation.outcome[0]} in {low:.0%} to {high:.0%} of trials")
    if expectation.unmeasured:
        parts.append("never measured")
    return "; ".join(parts)


# --- what the last run saw ---------------------------------------------------------------------


def _last_run() -> Run | None:
    try:
        run = journal.read(journal.RUNS / "latest")
    except JournalError:
        return None
    return run if run.header.program is None else None


def _cells(run: Run, family: Sequence[Experiment]) -> tuple[object, ...]:
    names = {each.name for each in family}
    return tuple(
        {
            "cell": each.cell,
            "trials": tuple(each.trials),
            "outcome": each.outcome,
            "as_expected": each.as_expected,
            "reason": each.reason,
            "count": each.count,
            "interval": each.interval,
        }
        for each in summarise(run)
        if each.cell.experiment in names
    )


def _seen(console: Console, run: Run | None, family: Sequence[Experiment]) -> None:
    if run is None:
        console.print(f"There is no run here yet: startlab lab -x '{family[0].name}*'")
        return
    members = {each.name for each in family}
    cells = {each.cell: each for each in summarise(run) if each.cell.experiment in members}
    _heading(console, f"Seen in the last run, {run.header.id}")
    if not cells:
        console.print(f"It did not run this experiment: startlab lab -x '{family[0].name}*'")
        return
    names = sorted({cell.environment for cell in cells}, key=sort_key)
    for part in tables.words(cells, names, console, of_program=False):
        console.print(part)
    levels = [each for each in measurements.levels(run) if each.experiment in members]
    for name, group in groupby(levels, lambda each: (each.experiment, each.name, each.unit)):
        console.print()
        console.print(Text(", ".join(name), "bold"))
        console.print(_measured(group))


def _measured(levels: Iterable[measurements.Level]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("environment", "method", "mean and 95 % interval", "to fork's"):
        table.add_column(Text(heading, "dim"), no_wrap=True)
    for each in levels:
        table.add_row(
            each.environment,
            each.method,
            _number(each.middle, each.interval),
            "" if each.ratio is None else _number(each.ratio, each.ratio_interval),
        )
    return table


def _number(middle: float, interval: tuple[float, float] | None) -> str:
    if interval is None:
        return f"{middle:.3g}"
    return f"{middle:.3g} ({interval[0]:.3g} to {interval[1]:.3g})"


# --- what a run says of the expectations -------------------------------------------------------


def update_expectations(run: Run, *, write: bool) -> None:
    """Print the changes of the catalogue's expectations after a run as a diff, or write them."""
    proposal = update.propose(run)
    for each in proposal.by_hand:
        options.say(f"No expectation is proposed, check by hand: {each}")
    if not proposal.files:
        options.say("The catalogue's expectations need no change.")
    elif not write:
        click.echo(proposal.diff, nl=False)
    else:
        for edited in proposal.files:
            _write(edited)


def _write(edited: update.Edited) -> None:
    try:
        edited.write()
    except OSError as error:
        options.say(
            f"{edited.file} is unchanged, because it cannot be written ({error.strerror}): this "
            "startlab is probably installed, not a checkout. --update-expectations without "
            "=write prints the change as a diff."
        )
    else:
        click.echo(f"Changed {edited.file}; review it before you commit it.")

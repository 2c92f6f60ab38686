"""`startlab explain`: what a mechanism is, why it happens and what to do, from its rule's file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from startlab.catalogue import mistakes
from startlab.cli import options
from startlab.errors import SelectionError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from startlab.diagnosis.rule import Mechanism

WIDEST: Final = 100
"""Columns of a paragraph: longer lines are hard to read."""

_FENCE: Final = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def _complete(*_: object) -> list[str]:
    from startlab.diagnosis.rules import MECHANISMS

    return list(MECHANISMS)


@click.command()
@click.argument("mechanism", required=False, shell_complete=_complete)
@options.JSON
def explain(mechanism: str | None, *, as_json: bool) -> None:
    """Explain what a finding is about.

    MECHANISM is what a finding names under "Read more": what is seen, why it happens, what to do.

    Without one, list all mechanisms. The name of a rule's file does as well.
    """
    from startlab.diagnosis.rules import EXPLAINED, MECHANISMS  # slow to import

    rules = {each.name: module for module in EXPLAINED.values() for each in module.MECHANISMS}
    if mechanism is None:
        _list(rules, as_json=as_json)
        return
    found = MECHANISMS.get(mechanism)
    rule = rules.get(mechanism) or EXPLAINED.get(mechanism)
    if rule is None:
        near = ", ".join(mistakes.nearest(mechanism, {*rules, *EXPLAINED}))
        raise SelectionError(
            f"There is no mechanism {mechanism!r}. The nearest are {near}. `startlab explain` has "
            "all."
        )
    if as_json:
        options.print_json({**_facts(found, rule), "sections": dict(_sections(rule))})
        return
    _show(mechanism, found, rule, Console())


def _list(rules: dict[str, ModuleType], *, as_json: bool) -> None:
    from startlab.diagnosis.rules import MECHANISMS

    if as_json:
        options.print_json([_facts(MECHANISMS[name], rules[name]) for name in sorted(rules)])
        return
    console = options.console()
    for module in sorted(set(rules.values()), key=_title):
        console.print(Text(_title(module), "bold"))
        console.print(Text(f"  {', '.join(each.name for each in module.MECHANISMS)}"))
    console.print(f"\n{len(rules)} mechanisms; `startlab explain NAME` has more of one.")


def _facts(mechanism: Mechanism | None, rule: ModuleType) -> dict[str, str | None]:
    return {
        "mechanism": mechanism.name if mechanism else None,
        "rule": _name(rule),
        "title": _title(rule),
        "advice": mechanism.advice if mechanism else None,
        "experiment": mechanism.experiment if mechanism else None,
    }


def _show(name: str, mechanism: Mechanism | None, rule: ModuleType, console: Console) -> None:
    """Print what the rule's docstring says, and what is of this one of its mechanisms."""
    width = min(console.width, WIDEST)
    console.print(Text(name, "bold").append(f": {_title(rule)}", "default"), width=width)
    for heading, text in _sections(rule):
        console.print()
        if heading:
            console.print(Text(heading, "bold"))
        if heading == "What to do" and mechanism and len(rule.MECHANISMS) > 1:
            text = mechanism.advice or text  # noqa: PLW2901 - its own is closer
        code = _FENCE.search(text)
        if code is not None:
            console.print(
                Syntax(code[2].rstrip(), code[1], theme="ansi_dark", background_color="default")
            )
            continue
        for paragraph in text.split("\n\n"):
            console.print(Text(" ".join(paragraph.split())), width=width)
    if mechanism and mechanism.experiment:
        console.print()
        console.print(Text(f"As an experiment: startlab show {mechanism.experiment}"))


def _name(rule: ModuleType) -> str:
    return rule.__name__.rpartition(".")[2]


def _title(rule: ModuleType) -> str:
    return (rule.__doc__ or "").partition("\n")[0]


def _sections(rule: ModuleType) -> Iterator[tuple[str, str]]:
    """Give the sections of a rule's docstring by their headings; what is before them has none."""
    before, *parts = re.split(r"^## ", (rule.__doc__ or "").partition("\n")[2], flags=re.MULTILINE)
    if before.strip():
        yield "", before.strip()
    for part in parts:
        heading, _, text = part.partition("\n")
        yield heading, text.strip()

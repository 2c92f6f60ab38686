"""Two runs → what changed between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import msgspec

from startlab.model import Cell, Environment
from startlab.plan.environments import platform_of, python_of
from startlab.results.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from startlab.model import Run
    from startlab.results.summary import CellSummary

WAS: Final = {
    "ok": "was ok",
    "hang": "hung",
    "crash": "crashed",
    "error": "ended with an error",
    "wrong": "was wrong",
    "differs": "differed",
    "undecided": "was undecided",
    "unsupported": "was unsupported",
    "unavailable": "was unavailable",
    "missing": "was missing",
}
NOW: Final = {
    "ok": "now ok",
    "hang": "now hangs",
    "crash": "now crashes",
    "error": "now ends with an error",
    "wrong": "now wrong",
    "differs": "now differs",
    "undecided": "now undecided",
    "unsupported": "now unsupported",
    "unavailable": "now unavailable",
    "missing": "now missing",
}

Kind = Literal["worse", "better", "changed", "new", "gone"]
"""`worse` was as expected and no longer is; `new` and `gone` are cells of one run only."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One cell that has changed; `said` describes how."""

    kind: Kind
    cell: Cell
    said: str
    reason: str = ""
    where: str | None = None
    reproduce: str = ""


class EnvironmentChange(msgspec.Struct, frozen=True, kw_only=True):
    """An environment that has changed: which property, from what, to what."""

    name: str
    what: str
    was: str
    now: str


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """What changed from one run to another; `same` is the number of cells that did not."""

    old: str
    new: str
    environments: tuple[EnvironmentChange, ...]
    changes: tuple[Change, ...]
    same: int
    caveats: tuple[str, ...] = ()

    @property
    def worse(self) -> tuple[Change, ...]:
        """What got worse."""
        return tuple(change for change in self.changes if change.kind == "worse")


def compare(old: Run, new: Run, instead: Mapping[str, str] | None = None) -> Diff:
    """Compare two runs, cell by cell; environments are matched by their names.

    `instead` maps an environment of the old run to the one of the new run to compare it with: with
    another Python, for example.
    """
    instead = instead or {}
    before = {_put(each.cell, instead): each for each in summarise(old)}
    after = {each.cell: each for each in summarise(new)}
    changes = []
    for cell in dict.fromkeys([*after, *before]):
        change = _change(cell, before.get(cell), after.get(cell))
        if change is not None:
            changes.append(change)
    order: tuple[Kind, ...] = ("worse", "better", "changed", "new", "gone")
    changes.sort(key=lambda change: order.index(change.kind))
    return Diff(
        old=old.header.id,
        new=new.header.id,
        environments=_environments(old, new, instead),
        changes=tuple(changes),
        same=len(after.keys() & before.keys())
        - sum(change.kind in ("worse", "better", "changed") for change in changes),
        caveats=tuple(_caveats(old, new)),
    )


def _caveats(old: Run, new: Run) -> Iterator[str]:
    if old.header.catalogue != new.header.catalogue:
        yield (
            f"The runs are of different versions of the catalogue ({old.header.catalogue} and "
            f"{new.header.catalogue}): what changed may be the experiments, or what is expected."
        )
    was, now = old.header.program, new.header.program
    if was is not None and now is not None and was.digest != now.digest:
        yield "The program's files are not the same in both runs."
    yield from (f"Old run: {each}" for each in old.caveats)
    yield from (f"New run: {each}" for each in new.caveats)


def _put(cell: Cell, instead: Mapping[str, str]) -> Cell:
    name = instead.get(cell.environment, cell.environment)
    return msgspec.structs.replace(cell, environment=name)


def _change(cell: Cell, was: CellSummary | None, now: CellSummary | None) -> Change | None:
    if now is None:
        said = "" if was is None else f"{_word(was, WAS)}, no longer planned"
        return Change(kind="gone", cell=cell, said=said)
    if was is None:
        return _with("new", now, f"was not planned, {_word(now, NOW)}")
    if was.as_expected != now.as_expected:
        return _with("better" if now.as_expected else "worse", now, _said(was, now))
    if was.outcome != now.outcome or _exception(was) != _exception(now) or _moved(was, now):
        return _with("changed", now, _said(was, now))
    return None


def _with(kind: Kind, now: CellSummary, said: str) -> Change:
    first = now.first
    return Change(
        kind=kind,
        cell=now.cell,
        said=said,
        reason="" if now.as_expected else now.reason,
        where=first.where if first else None,
        reproduce=first.reproduce if first else "",
    )


def _said(was: CellSummary, now: CellSummary) -> str:
    if was.outcome != now.outcome:
        return f"{_word(was, WAS)}, {_word(now, NOW)}"
    if _exception(was) != _exception(now):
        return f"{_word(was, WAS)} ({_exception(was)}), {_word(now, NOW)} ({_exception(now)})"
    expected = " as expected" if now.as_expected else ", which is not expected"
    return f"{_word(was, WAS)}, {_word(now, NOW)}{expected}"


def _word(each: CellSummary, words: Mapping[str, str]) -> str:
    several = len(each.trials) > 1
    return words[each.outcome] + (f" {each.count}/{len(each.trials)}" if several else "")


def _exception(each: CellSummary) -> str:
    first = each.first
    return first.exception.type if first and first.exception else "no exception"


def _moved(was: CellSummary, now: CellSummary) -> bool:
    """Return whether an outcome has become significantly rarer or more frequent."""
    if was.interval is None or now.interval is None:
        return False
    return was.interval[1] < now.interval[0] or now.interval[1] < was.interval[0]


def _environments(old: Run, new: Run, instead: Mapping[str, str]) -> tuple[EnvironmentChange, ...]:
    """Return the changes of the environments that are compared."""
    before = {instead.get(each.name, each.name): each for each in old.environments}
    found = []
    for now in new.environments:
        was = before.get(now.name)
        if was is None:
            continue
        if was.environment is None or now.environment is None:
            if was.unavailable != now.unavailable:
                found.append(EnvironmentChange(
                    name=now.name, what="availability",
                    was=was.unavailable or "available", now=now.unavailable or "available",
                ))  # fmt: skip
            continue
        found += [
            EnvironmentChange(name=now.name, what=what, was=one, now=other)
            for (what, one), (_, other) in zip(
                _facts(was.environment), _facts(now.environment), strict=True
            )
            if one != other
        ]
    return tuple(found)


def _facts(environment: Environment) -> tuple[tuple[str, str], ...]:
    return (
        ("Python", python_of(environment)),
        ("platform", platform_of(environment)),
        ("kernel", environment.platform_release),
        ("default start method", environment.default_method or "none"),
        ("image", environment.image or "none"),
    )

"""A cause with the trials that it explains → a finding, as reports tell it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from startlab.diagnosis.experiments import is_cure, rejected, variables_of
from startlab.diagnosis.phrases import PRELOADED, either, listed, versions
from startlab.diagnosis.rules import MECHANISMS
from startlab.diagnosis.seen import cell_name
from startlab.model import Explained, Finding, MainModule
from startlab.results.summary import WELL, has_failed_child

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from startlab.diagnosis.case import Cause
    from startlab.diagnosis.rule import Mechanism
    from startlab.diagnosis.seen import Seen
    from startlab.model import CauseExperiment, FindingGrade, Outcome, Trial

BROKEN: Final[tuple[Outcome, ...]] = ("hang", "crash", "error", "wrong")
"""Outcomes that a person must do something about."""

RANK: Final = ("hang", "crash", "error", "wrong", "differs", "ok", "undecided")
"""The outcomes of findings, the worst first."""

_VERB: Final[Mapping[str, str]] = {
    "hang": "hangs",
    "crash": "crashes",
    "error": "fails",
    "wrong": "prints something else than expected",
    "undecided": "is undecided",
    "differs": "prints different output",
    "ok": "prints different output",
}


class Found(NamedTuple):
    """A cause, the trials that it explains, and what else there is to say of them.

    A `note` is harmless. `verb` is what these trials do, if that is not known by their outcomes. A
    title is `bare` that names its cells itself.
    """

    cause: Cause
    trials: Sequence[Trial]
    more: str = ""
    note: bool = False
    verb: str = ""
    bare: bool = False


def by_cause(explained: Iterable[tuple[Cause | None, Trial]]) -> list[tuple[Cause, list[Trial]]]:
    """Put together the trials that have the same cause; those without one are left out.

    It is told as the first of them shows it, or the first in which an experiment has confirmed it.
    """
    found: dict[tuple[str, str | None], list[tuple[Cause, Trial]]] = {}
    for cause, trial in explained:
        if cause is not None:
            found.setdefault(cause.identity, []).append((cause, trial))
    return [
        (
            next((cause for cause, _ in alike if cause.grade == "confirmed"), alike[0][0]),
            [trial for _, trial in alike],
        )
        for alike in found.values()
    ]


def tell(seen: Seen, found: Found) -> Finding:
    """Tell a cause; its advice is completed once all causes are known: see `advised`."""
    cause, trials = found.cause, found.trials
    mechanism = MECHANISMS[cause.mechanism]
    outcomes = sorted({trial.outcome for trial in trials}, key=RANK.index)
    counts = Counter({id(trial): trial.cell for trial in trials}.values())
    cells = tuple(
        Explained(cell=cell, count=count, of=len(seen.by_cell[cell]))
        for cell in seen.by_cell
        if (count := counts[cell])
    )
    where = cause.where or None
    grade = cause.grade or _grade(seen, mechanism, cells, outcomes)
    return Finding(
        mechanism=cause.mechanism,
        outcome=outcomes[0],
        title=f"{_head(seen, found, outcomes)}{cause.title}",
        cause=cause.title,
        text=f"{cause.text}{found.more}{_besides(seen, found, cells, grade)}".strip(),
        where=where,
        code=seen.sources.code(where),
        lines=seen.sources.around(where),
        cells=cells,
        advice=_both(cause.advice, mechanism.advice),
        experiment=mechanism.experiment,
        note=found.note,
        grade=grade,
    )


def _head(seen: Seen, found: Found, outcomes: Sequence[Outcome]) -> str:
    """Say what happens, and under which start methods."""
    if found.bare:
        return ""
    cells = seen.cells_of(found.trials)
    if found.note:
        return f"Under {cells}: "
    loses = MECHANISMS[found.cause.mechanism].loses and outcomes == ["ok"]
    verb = "loses data" if loses else found.verb
    if not verb and [*outcomes] == ["differs"] and _prints_the_same(seen, found.trials[0]):
        verb = "writes different files"
    verb = verb or " or ".join(_VERB[outcome] for outcome in outcomes)
    return f"{verb.capitalize()} under {cells}: "


def _prints_the_same(seen: Seen, trial: Trial) -> bool:
    """Tell whether only what is written differs."""
    well = [each for each in seen.by_environment[trial.environment] if each.outcome in WELL]
    printed = {each.stdout_digest for each in well}, {each.stdout_shape for each in well}
    return any(len(each) == 1 and None not in each for each in printed)


def _besides(seen: Seen, found: Found, cells: Sequence[Explained], grade: FindingGrade) -> str:
    """Say what else is known of the trials: that they disagree, what was tried in vain."""
    if found.note:
        return ""
    said = "" if found.bare else _mixed(seen, cells)
    if MECHANISMS[found.cause.mechanism].copied and any(map(_forks_from_server, found.trials)):
        said = f" {PRELOADED}, and its children are copies of that.{said}"
    if grade == "unknown":
        said += "".join(rejected(each) for each in _in_vain(seen, cells)[:1])
    return said


def _forks_from_server(trial: Trial) -> bool:
    """Tell whether children are forks of a fork server that has imported the main module."""
    inherited = any(isinstance(e, MainModule) and e.how == "inherited" for e in trial.clues)
    return inherited and "forkserver" in trial.method_used


def _in_vain(seen: Seen, cells: Sequence[Explained]) -> list[CauseExperiment]:
    told = {(each.cell.environment, each.cell.method) for each in cells}
    return [each for each in seen.in_vain if each.of and (each.environment, each.method) in told]


def _mixed(seen: Seen, cells: Sequence[Explained]) -> str:
    """Tell of cells whose trials disagree."""
    parts = []
    for each in cells:
        outcomes = Counter(trial.outcome for trial in seen.by_cell[each.cell])
        if len(outcomes) > 1:
            told = ", ".join(f"{name} {count} of {each.of}" for name, count in outcomes.items())
            parts.append(f"{cell_name(each.cell)}: {told}")
    return f" Trials disagree: {'; '.join(parts)}." if parts else ""


def _grade(
    seen: Seen, mechanism: Mechanism, cells: Sequence[Explained], outcomes: Sequence[Outcome]
) -> FindingGrade:
    """Say how sure a cause is; what was raised explains nothing where other cells do not raise it.

    That is so once experiments have looked in vain for what makes the difference.
    """
    if not mechanism.explains:
        return "unknown"
    vain = outcomes == ["error"] and any(each.good for each in _in_vain(seen, cells))
    if mechanism.symptom and vain:
        return "unknown"
    return "shown" if mechanism.shown else "suspected"


# --- the advice ----------------------------------------------------------------------------------


def _both(own: str, usual: str) -> str:
    """Give a cause's own advice before its mechanism's, which ends the sentence after a colon."""
    if own.endswith(":"):
        usual = f"{usual[0].lower()}{usual[1:]}"
    return f"{own} {usual}".strip()


def advised(seen: Seen, finding: Finding, well: Sequence[str]) -> Finding:
    """Add to the advice what was tried of it, and which start methods are `well`."""
    mechanism = MECHANISMS[finding.mechanism]
    cells = {(each.cell.environment, each.cell.method) for each in finding.cells}
    made = [made for cell, made in seen.experiments.items() if cell in cells]
    said = _tried(seen, made, finding) if finding.grade == "confirmed" else ""
    broken = mechanism.depends_on == "method" and finding.outcome in BROKEN
    well = [method for method in well if method != mechanism.against]
    if well and broken and not {method for _, method in cells} & set(well):
        instead = "Or set" if finding.advice or said else "Set"
        which = "which" if len(well) == 1 else "each of which"
        said += f" {instead} {either(well)} explicitly, {which} was ok wherever it was run."
    return msgspec.structs.replace(finding, advice=f"{finding.advice}{said}".strip())


def _tried(seen: Seen, experiments: Iterable[CauseExperiment], finding: Finding) -> str:
    """Say what experiments have shown to be a cure, and where.

    Of outputs that differ, none is known to be right: of them it says whose they become alike.
    """
    trials = [trial for each in finding.cells for trial in seen.by_cell[each.cell]]
    is_either = finding.outcome == "differs" and not any(map(has_failed_child, trials))
    cured: dict[tuple[str, str], dict[str, list[str]]] = {}
    for made in experiments:
        variables = variables_of(made)
        if variables or is_cure(made):
            does = _like(made) if is_either else ""
            of = cured.setdefault((variables, does), {})
            of.setdefault(made.method, []).append(made.environment)
    said = ""
    for (variables, does), methods in cured.items():
        where = _where_cured(seen, methods)
        told = f"makes {where} {does}" if does else f"fixes {where}"
        if variables:
            said += f" Or set {variables} in the environment (tried: {told})."
        else:
            said += f" Tried: {told}."
    return said


def _like(made: CauseExperiment) -> str:
    """Say whose output was printed then: that of the good world, or always the same."""
    if made.good is None:
        return "print the same each time"
    there = f" on {made.good_environment}" if made.good_environment else ""
    return f"print what {made.good} prints{there}"


def _where_cured(seen: Seen, methods: Mapping[str, list[str]]) -> str:
    """Name the cells in which a cure was tried, given as environments by method."""
    alike: dict[str, list[str]] = {}
    for name, there in methods.items():
        alike.setdefault(versions(seen.environments, there, exact=False), []).append(name)
    return listed([f"{listed(names)} on {pythons}" for pythons, names in alike.items()])

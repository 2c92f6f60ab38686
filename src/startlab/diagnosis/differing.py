"""Why trials that end well do not print the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from startlab.diagnosis.case import NO_LINES, Cause, Outputs
from startlab.diagnosis.finding import Found
from startlab.diagnosis.phrases import one_of_two, only, versions
from startlab.diagnosis.rules import MECHANISMS
from startlab.diagnosis.seen import cell_name
from startlab.output.compare import compare
from startlab.results.summary import WELL, has_failed_child

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from startlab.diagnosis.seen import Seen
    from startlab.model import Cell, Trial

    Groups = dict[str, list[Trial]]
    """Trials by the letter of what they print."""


def find(seen: Seen) -> list[Found]:
    """Compare the outputs of the trials that ended well; what the user said is right tells more."""
    ok = [trial for trial in seen.trials if trial.outcome in WELL]
    groups = _by_group(ok)
    if len(groups) < 2 or seen.wanted is not None:
        return []
    unstable = [
        cell
        for cell, trials in seen.by_cell.items()
        if len({each.output_group for each in trials if each.outcome in WELL}) > 1
    ]
    if unstable:
        return _unstable(seen, ok, unstable)
    differing = [trial for trial in ok if trial.outcome == "differs"]
    if not differing:
        return _by_python(seen, ok, groups)
    return _by_method(seen, ok, differing)


# --- from one start method to another ------------------------------------------------------------


def _by_method(seen: Seen, ok: Sequence[Trial], differing: Sequence[Trial]) -> list[Found]:
    """Tell of outputs that differ within an environment."""
    groups = _by_group(differing)
    lines = _lines(seen, groups)
    race = seen.rules.first("race", seen.case(ok[0])) if len(groups) > 2 else None
    if race is not None:
        return [Found(race, ok, lines)]
    found = _why_not_alike(seen, ok)
    known = {id(trial): why for _, why, trial in found}
    sure = [
        (0, why, each)
        for each in differing
        if (why := seen.confirmed(each, known.get(id(each)), of_output=True))
    ]
    told = _without_the_usual(sure or found, ok, groups)
    if not told:
        return _unlike(seen, differing, groups, lines)
    return [Found(cause, trials, lines) for cause, trials in _by_cause(told, differing)]


def _why_not_alike(seen: Seen, ok: Sequence[Trial]) -> list[tuple[int, Cause, Trial]]:
    """Explain each trial that does not print what others of its environment do."""
    found: list[tuple[int, Cause, Trial]] = []
    for trial in ok:
        others = [
            each
            for each in seen.by_environment[trial.environment]
            if each.outcome in WELL and each.output_group != trial.output_group
        ]
        if others and (why := seen.why_other(trial, others)) is not None:
            found.append((*why, trial))
    return found


def _without_the_usual(
    found: list[tuple[int, Cause, Trial]], ok: Sequence[Trial], groups: Groups
) -> list[tuple[int, Cause, Trial]]:
    """Leave out the side that needs no explanation."""
    known = {id(trial) for _, _, trial in found}
    usual = {trial.output_group for trial in ok if id(trial) not in known}
    # Who prints what others print without a reason needs none either.
    found = [each for each in found if each[2].output_group not in usual] or found
    explained = {trial.output_group for _, _, trial in found}
    if explained == set(groups):  # then it is the side of the weakest
        strongest = min(rank for rank, _, _ in found)
        found = [each for each in found if each[0] == strongest]
    return found


def _by_cause(
    found: Sequence[tuple[int, Cause, Trial]], differing: Iterable[Trial]
) -> Iterable[tuple[Cause, list[Trial]]]:
    """Put together what has one cause, with what prints the same but has no clue of it."""
    causes: dict[tuple[str, str | None], tuple[Cause, list[Trial]]] = {}
    of_group: dict[str | None, list[Trial]] = {}
    for _, cause, trial in found:
        trials = causes.setdefault(cause.identity, (cause, []))[1]
        trials.append(trial)
        of_group.setdefault(trial.output_group, trials)
    known = {id(trial) for _, _, trial in found}
    for trial in differing:
        if id(trial) not in known and trial.output_group in of_group:
            of_group[trial.output_group].append(trial)
    return causes.values()


def _unlike(seen: Seen, differing: Sequence[Trial], groups: Groups, lines: str) -> list[Found]:
    """Say that outputs differ, of which it is not known why, and which is right."""
    case = seen.case(differing[0], outputs=_outputs(seen, groups))
    cause = seen.rules.first("unlike", case)
    return [Found(cause, differing, lines, bare=True)] if cause else []


# --- from one Python to another, and from trial to trial -----------------------------------------


def _by_python(seen: Seen, ok: Sequence[Trial], groups: Groups) -> list[Found]:
    """Tell of outputs that differ from one Python to another, and within none of them."""
    cause = seen.rules.first("python", seen.case(ok[0], outputs=_outputs(seen, groups)))
    most = max(map(len, groups.values()))
    usual = next(key for key, trials in groups.items() if len(trials) == most)
    told = [each for each in ok if each.output_group != usual]
    return [Found(cause, told)] if cause else []


def _why_unstable(seen: Seen, trials: Sequence[Trial], unstable: Sequence[Cell]) -> Cause | None:
    """Explain what a cell's trials print by turns, beside cells that print the same each time.

    A trial that happens to print that too shows nothing.
    """
    steady = [
        each
        for each in seen.by_environment[trials[0].environment]
        if each.cell not in unstable and each.outcome in WELL
    ]
    usual = steady[0].output_group if steady else None
    other = next(each for each in trials if each.output_group != usual)
    lines = compare(other.output, steady[0].output) if steady else NO_LINES
    return seen.rules.first("unstable", seen.case(other, steady or None, lines=lines))


def _unstable(seen: Seen, ok: Sequence[Trial], unstable: Sequence[Cell]) -> list[Found]:
    """Tell of cells whose trials do not print the same."""
    trials = seen.by_cell[unstable[0]]
    one = trials[0]
    two = next(each for each in trials if each.output_group != one.output_group)
    lines = compare(one.output, two.output)
    text = f" Of two trials of {cell_name(one.cell)}, {one_of_two(lines)}."
    groups = len({trial.output_group for trial in ok})
    text += f" There were {groups} different outputs in {len(ok)} trials."
    failed = [trial for trial in ok if has_failed_child(trial)]
    if failed and (cause := seen.rules.first("unseen", seen.case(failed[0]))):
        return [Found(cause, failed, text)]
    why = _why_unstable(seen, trials, unstable)
    cause = seen.confirmed(one, why) or why
    if cause is None:
        return []
    if MECHANISMS[cause.mechanism].race:
        return [Found(cause, ok, text)]
    told = [each for each in ok if each.cell in unstable or _has(seen, each, cause)]
    return [Found(cause, told, text)]


def _has(seen: Seen, trial: Trial, cause: Cause) -> bool:
    """Tell whether an experiment has shown a cause in a cell whose trials happen to be alike."""
    own = seen.confirmed(trial)
    return own is not None and own.identity == cause.identity


# --- what is printed -----------------------------------------------------------------------------


def _by_group(trials: Iterable[Trial]) -> Groups:
    groups: Groups = {}
    for trial in trials:
        groups.setdefault(trial.output_group or "", []).append(trial)
    return groups


def _outputs(seen: Seen, groups: Groups) -> Outputs:
    every = tuple(groups.values())
    return Outputs(
        every,
        tuple(map(seen.cells_of, every)),
        tuple(versions(seen.environments, {e.environment for e in each}) for each in every),
    )


def _lines(seen: Seen, groups: Groups) -> str:
    """Say in which lines the outputs differ, from the side of each two groups."""
    every = list(groups.values())
    first = every[0]
    parts = []
    for other in every[1:3]:
        lines = compare(first[0].output, other[0].output)
        here, there = seen.cells_of(first), seen.cells_of(other)
        parts.append(f" {only(here, lines, there)}")
    if len(every) > 3:
        parts.append(f" There are {len(every)} different outputs.")
    failed = [trials for trials in every if any(map(has_failed_child, trials))]
    if 0 < len(failed) < len(every):
        wrong = seen.cells_of([trial for trials in failed for trial in trials])
        return "".join(parts) + f" A child fails under {wrong}: that output is the wrong one."
    return "".join(parts) + " Startlab cannot tell which is right without --expect-stdout."

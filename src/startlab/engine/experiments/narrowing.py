"""From many aspects that help together to the fewest that do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.engine.experiments.aspects import EVERYWHERE
from startlab.engine.experiments.comparison import HAND_OVER
from startlab.engine.experiments.noted import MET, met, names, noted
from startlab.model import Aspect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from startlab.engine.experiments.comparison import Comparison
    from startlab.model import AspectKind, CauseExperiment, Noted, Trial

MOST_MADE: Final = 8
"""Globals that are made again, and calls that are made again, one after the other, in children."""

SET: Final = frozenset({"global", "registry"})
"""Kinds of aspect that most tests meet, which set what they test: these are tried before all."""

MOST_SEEN: Final = 3
"""Globals that are tried one by one, before many others by halves: what differs is likely meant."""

SILENT: Final = frozenset({"global", "registry", "statement"})
"""Kinds of aspect that do not note what they have met, and may spoil what another one cures."""

INTRUSIVE: Final = frozenset(
    {"calls", "statement", "threads", "write back", "fork hooks", "finalizers", "descriptors"}
)
"""Kinds that may break a program themselves, and hide what helps.

What is called again may be done twice; children may need what a statement binds, or have open; a
thread that runs again in a child may take what is meant for the parent's.
"""


def helping(
    comparison: Comparison, candidates: list[Aspect]
) -> tuple[list[Aspect] | None, tuple[Noted, ...]]:
    """Change all candidates at once, then fewer: one may spoil what another one cures.

    None if nothing helps. Those come first that have met what they change. What is handed over is
    looked at, too. A main module without all of its statements may be none that can be imported.
    """
    notes: tuple[Noted, ...] = ()
    importable = [each for each in candidates if each.kind != "statement"]
    sets = [
        [each for each in candidates if each.kind in SET] if comparison.bench.is_of_test else [],
        candidates,
        importable,
        [each for each in candidates if each.kind not in INTRUSIVE],
        [each for each in candidates if each not in EVERYWHERE],
    ]
    tried: list[list[Aspect]] = []
    for together in sets:
        if not together or together in tried:
            continue
        tried.append(together)
        trial = comparison.trial([HAND_OVER, *together])
        if trial is None:
            break
        notes = tuple(dict.fromkeys((*notes, *noted(trial))))
        if comparison.is_cured(trial):
            return _met_first(together, trial), notes
        if together == importable:
            sets += _apart(candidates, notes)
    return None, notes


def narrowed(
    comparison: Comparison, candidates: Sequence[Aspect], notes: Sequence[Noted] = ()
) -> Iterator[CauseExperiment]:
    """Try less of what helps together, until an experiment confirms it."""
    for aspects in _smaller(comparison, candidates, notes):
        if comparison.bench.is_over:
            return
        made = comparison.experiment(aspects)
        yield made
        if made.confirmed or comparison.wavers:
            return


def _smaller(
    comparison: Comparison, candidates: Sequence[Aspect], notes: Sequence[Noted]
) -> Iterator[tuple[Aspect, ...]]:
    """Give what is tried when all together have helped: one alone, then what is left of all.

    That is each setting that is another one in children, if these are few; each that has met
    something, or was seen to differ, before which what it has met is tried alone, where that has
    names; then what was seen, together; then the last one of the shortest row from the first one
    on that helps, found by halves; and last this row without all that it can do without.
    """
    if candidates[0].kind == "made again":
        yield from ((each,) for each in candidates)
        return
    likely = met(notes)
    seen = [each for each in candidates if each.kind == "global"]
    if 0 < len(seen) <= MOST_SEEN:  # the main module's name comes before what is made of it
        likely |= {"main", "global"}
    tried = _settings(notes)
    tried = tried if len(tried) <= MOST_SEEN else []
    tried += [each for each in candidates if each.kind in likely]
    for each in tried:
        if each.kind in ("environ", "forking thread", "caches", "positions"):
            yield from ((alone,) for alone in _each_met(each.kind, notes))
        if each.kind == "imports":
            yield from _fewest(comparison, each.kind, notes)
        yield (each,)
    if 1 < len(seen) <= MOST_SEEN and comparison.helps(seen):
        yield _without_the_rest(comparison, seen)
    row = _shortest_row(comparison, candidates, _calls_in(candidates, notes))
    if row[-1].kind == "calls":
        yield from _fewest(comparison, "calls", notes)
    elif row[-1] not in tried:
        yield (row[-1],)
    if len(row) > 1:
        yield _without_the_rest(comparison, row)


def _each_met(kind: AspectKind, notes: Sequence[Noted]) -> list[Aspect]:
    """Give an aspect of a kind for each that it has met, by its name."""
    return [Aspect(kind=kind, words=(name,)) for name in names(kind, notes)[:MOST_MADE]]


def _settings(notes: Sequence[Noted]) -> list[Aspect]:
    """Give the settings that were another one in a child than in its parent."""
    return [Aspect(kind="registry", words=(e.name,)) for e in notes if e.what == "setting"]


def _fewest(
    comparison: Comparison, kind: AspectKind, notes: Sequence[Noted]
) -> Iterator[tuple[Aspect, ...]]:
    """Give each of a kind alone, as each call, then those that it takes together."""
    every = _each_met(kind, notes)
    yield from ((each,) for each in every)
    if len(every) > 1:
        yield _without_the_rest(comparison, _shortest_row(comparison, every))


def _calls_in(candidates: Sequence[Aspect], notes: Sequence[Noted]) -> int:
    """Count the candidates up to the calls, if there were calls to make again."""
    kinds = [each.kind for each in candidates]
    return kinds.index("calls") + 1 if "calls" in kinds and names("calls", notes) else 0


def _shortest_row(
    comparison: Comparison, candidates: Sequence[Aspect], guess: int = 0
) -> list[Aspect]:
    """Find by halves how many of the candidates, from the first one on, it takes to help.

    That these help is seen twice: where a program sometimes ends well, one look misleads. What is
    a good `guess` is looked at first: it, and one less.
    """
    least, most = 1, len(candidates)
    for middle in (guess, guess - 1):
        if not least <= middle < most:
            continue
        if comparison.helps(candidates[:middle]):
            most = middle
        else:
            least = middle + 1
            break
    while True:
        while least < most:
            middle = (least + most) // 2
            if comparison.helps(candidates[:middle]):
                most = middle
            else:
                least = middle + 1
        if most == len(candidates) or comparison.helps(candidates[:most]):
            return list(candidates[:most])
        least, most = most + 1, len(candidates)


def _without_the_rest(comparison: Comparison, row: list[Aspect]) -> tuple[Aspect, ...]:
    """Leave out of what helps together all that it can do without, half by half."""
    kept, size = row, max(1, len(row) // 2)
    while size:
        for start in range(len(kept) - size, -1, -size):
            fewer = kept[:start] + kept[start + size :]
            if fewer and comparison.helps(fewer):
                kept = fewer
        size //= 2
    return tuple(kept)


def _met_first(candidates: Sequence[Aspect], trial: Trial) -> list[Aspect]:
    """Put first what has met in a trial what it changes, at a line it knows, and keep the order."""
    notes = noted(trial)
    anywhere, at_a_line = met(notes), met([each for each in notes if each.where])
    return sorted(
        candidates, key=lambda each: (each.kind not in anywhere, each.kind not in at_a_line)
    )


def _apart(candidates: Sequence[Aspect], notes: Sequence[Noted]) -> list[list[Aspect]]:
    """Give the candidates of a kind for each kind that has met something, or cannot tell.

    Each statement is left out by itself too: what one of them makes, children may need. So is each
    call made by itself: what another one does, children may be better without.
    """
    found = {MET.get(each.what) for each in notes}
    kinds = dict.fromkeys(each.kind for each in candidates)
    alone = [[each] for each in candidates if each.kind == "statement"][:MOST_MADE]
    if "calls" in kinds:
        alone += [[each] for each in _each_met("calls", notes)]
    return [
        [each for each in candidates if each.kind == kind]
        for kind in kinds
        if kind in found or kind in SILENT
    ] + alone

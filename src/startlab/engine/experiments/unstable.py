"""Experiments on cells that end well, and do not print the same from trial to trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.engine.experiments.bench import TIMES, Bench, limit_s
from startlab.engine.experiments.noted import noted
from startlab.model import Aspect, CauseExperiment
from startlab.results.summary import WELL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from startlab.engine.experiments.worlds import World
    from startlab.model import Noted, Trial

WRITTEN: Final = (Aspect(kind="written"),)
SEEDED: Final = (Aspect(kind="registry", words=("random",)), Aspect(kind="one worker"))
TRACED_SEED: Final = Aspect(kind="trace", words=("registry", "random"))
SEEDS: Final = ("1", "2")


def experiments(bench: Bench, world: World) -> Iterator[CauseExperiment]:
    """Give each experiment on a world that came to a result."""
    for experiment in (_written, _seeded, _hashed):
        made = experiment(bench, world)
        if made is not None:
            yield made


def _written(bench: Bench, world: World) -> CauseExperiment | None:
    """See whether nothing is missing once children write at once what they print.

    In which order they print is left to chance.
    """
    trials = _well(bench, world, WRITTEN)
    printed = {tuple(sorted(trial.stdout.splitlines())) for trial in trials}
    notes = tuple(dict.fromkeys(note for trial in trials for note in noted(trial)))
    lengths = [len(trial.stdout.splitlines()) for trial in world.trials]
    if len(printed) != 1 or not notes or not min(lengths) < len(printed.pop()) >= max(lengths):
        return None
    return _made(world, WRITTEN, cured=TIMES, confirmed=True, notes=notes)


def _seeded(bench: Bench, world: World) -> CauseExperiment | None:
    """See whether an output is always the same once children have the parent's random state.

    One worker takes all tasks then: else which task draws which numbers is left to chance.
    """
    trials = _well(bench, world, SEEDED)
    if not trials:
        return None
    is_same = _print_the_same(trials)
    notes = bench.trace(world.cell, TRACED_SEED, limit_s(world)) if is_same else ()
    # Without a seed of the program's own, that output varies is as it should be.
    is_seeded = is_same and any(each.where for each in notes[1:])
    cured = TIMES if is_same else 0
    return _made(world, SEEDED, cured=cured, confirmed=is_seeded, notes=notes)


def _hashed(bench: Bench, world: World) -> CauseExperiment | None:
    """See whether an output is always the same with one hash seed, and so with another one."""
    for seed in SEEDS:
        trials = _well(bench, world, [Aspect(kind="hash seed", words=(seed,))])
        if not _print_the_same(trials):
            return None
    return _made(world, (Aspect(kind="hash seed"),), cured=len(SEEDS) * TIMES, confirmed=True)


def _well(bench: Bench, world: World, aspects: Sequence[Aspect]) -> list[Trial]:
    """Give `TIMES` trials that have ended well, or none."""
    trials: list[Trial] = []
    for _ in range(TIMES):
        trial = bench.trial(world.cell, aspects, limit_s(world))
        if trial is None or trial.outcome not in WELL:
            return []
        trials.append(trial)
    return trials


def _print_the_same(trials: Sequence[Trial]) -> bool:
    return len({trial.stdout_digest for trial in trials}) == 1


def _made(
    world: World,
    aspects: tuple[Aspect, ...],
    *,
    cured: int,
    confirmed: bool,
    notes: tuple[Noted, ...] = (),
) -> CauseExperiment:
    return CauseExperiment(
        environment=world.cell.environment,
        method=world.cell.method,
        aspects=aspects,
        cured=cured,
        of=max(cured, TIMES),
        confirmed=confirmed,
        noted=notes,
    )

"""Experiments on causes: a program is run again with one aspect as it is in a world where it works.

In the bad world (see `worlds`) an aspect is made as in the good one: if then the program does what
it does there, three times of three, the aspect is the cause, or is on the way to it. Aspects are
tried in causal order: a module that comes from another file before a value in it. What cannot be
carried over is taken from the good world instead: if that goes wrong as the bad one does, it is the
cause.

The base rates of both worlds are known first. A good world that has failed once is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from startlab.engine.experiments import narrowing, unstable
from startlab.engine.experiments.aspects import (
    FORKED,
    VARIABLES,
    aspects_of,
    files,
    forks,
    has_native_threads,
    has_threads,
    made_by_calls,
    opened_before,
    shares_less,
    statements_before,
    variables_of,
    waits_for_notify,
)
from startlab.engine.experiments.bench import LONGER, Bench
from startlab.engine.experiments.comparison import Comparison
from startlab.engine.experiments.noted import names, noted
from startlab.engine.experiments.worlds import World, elsewhere, explains, pairs, prints_more
from startlab.model import Aspect
from startlab.results.output_groups import grouped
from startlab.results.summary import WELL
from startlab.results.trials import by_cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from startlab.backends import Backend
    from startlab.engine.experiments.budget import Budget
    from startlab.engine.subjects import Subject
    from startlab.model import AspectKind, CauseExperiment, Cell, Program, Run, Trial

MOST_SHARED: Final = 2
"""Connections before which children are forked, each in trials of its own."""

MOST_STATEMENTS: Final = 4
"""Statements before which children are forked, likewise."""

LONGEST_ALONE_S: Final = 10.0
"""How long a test may take that is run by itself for the first time."""

UNDONE: Final = (
    Aspect(kind="caches"),
    Aspect(kind="contexts"),
    Aspect(kind="forking thread"),
    Aspect(kind="signal handlers"),
    Aspect(kind="undone"),
    Aspect(kind="as imported"),
)
"""What forked children are rid of, to see them do what others do that never had it."""

OF_THEIR_OWN: Final = (Aspect(kind="flush"), Aspect(kind="epoll"), Aspect(kind="positions"))
"""What forked children can be given of their own, and nothing is taken from them for it.

Rid of more they may go wrong as the others do, which lack what forks have.
"""

THREADS: Final = Aspect(kind="trace", words=("threads",))
"""Changes nothing: it tells where the first process gets more threads."""


class Experimenter:
    """Explains the bad cells of a program's run, or of a test's, as long as there is time."""

    def __init__(
        self,
        run: Run,
        subject: Subject,
        backend: Backend,
        budget: Budget,
        *,
        is_of_test: bool = False,
    ) -> None:
        self._run = run
        self._bench = Bench(run, subject, backend, budget, is_of_test=is_of_test)
        self.failed: dict[Cell, Trial] = {}  # what was ok before, run again as it is
        self._made: list[CauseExperiment] = []
        self._shared: set[Cell] = set()  # forked cells that were given their own of what they share
        self._worlds = self._by_environment()

    def close(self) -> None:
        """End the agents."""
        self._bench.close()

    @property
    def has_work(self) -> bool:
        """Whether there is a cell whose cause can be looked for."""
        return any(
            any(pairs(of)) or any(world.is_unstable for world in of) for of in self._worlds.values()
        )

    def explain(self) -> Iterator[CauseExperiment]:
        """Give each experiment that was made, confirmed or not."""
        self._bench.to_come = sum(len(list(pairs(of))) for of in self._worlds.values())
        for worlds in self._worlds.values():
            for made in self._in_environment(worlds):
                self._made.append(made)
                yield made

    def run_anew(self) -> None:
        """Run each cell again, once: what is known of them is from another way to run them."""
        seen: list[Trial] = []
        for worlds in self._worlds.values():
            for world in worlds:
                longest = max(trial.duration_s for trial in world.trials)
                limit_s = max(LONGEST_ALONE_S, LONGER * longest)
                trial = self._bench.trial(world.cell, (), limit_s)
                seen += [] if trial is None else [trial]
        self._run = grouped(msgspec.structs.replace(self._run, trials=tuple(seen)))
        self._worlds = self._by_environment()

    def _by_environment(self) -> dict[str, list[World]]:
        """Group what is compared: by environment, or all, if each has a start method of its own."""
        worlds: dict[str, list[World]] = {}
        for cell, trials in by_cell(self._run):
            tried = [t for t in trials if t.outcome not in ("unsupported", "unavailable")]
            if tried and self._bench.has(cell.environment):
                worlds.setdefault(cell.environment, []).append(World(cell, tried))
        every = [world for of in worlds.values() for world in of]
        if len({world.cell.method for world in every}) == len(every):
            return {"": every}
        return worlds

    def _in_environment(self, worlds: Sequence[World]) -> Iterator[CauseExperiment]:
        for world in worlds:
            if world.is_unstable:
                yield from unstable.experiments(self._bench, world)
        for bad, good in pairs(worlds):
            self._bench.to_come -= 1
            if not self._is_explained(bad):
                yield from self._of_cell(Comparison(self._bench, bad, good or self._elsewhere(bad)))

    def _is_explained(self, bad: World) -> bool:
        return any(made.confirmed and explains(made, bad) for made in self._made)

    def _elsewhere(self, bad: World) -> World | None:
        """Give what is ok with the same start method on another Python."""
        return next(
            (
                world
                for worlds in self._worlds.values()
                for world in worlds
                if world.cell.method == bad.cell.method and world.is_good
            ),
            None,
        )

    # --- one bad cell ---------------------------------------------------------------------------

    def _of_cell(self, comparison: Comparison) -> Iterator[CauseExperiment]:
        program, bad, good = self._run.header.program, comparison.bad, comparison.good
        only_forks = all(forks(world) for of in self._worlds.values() for world in of)
        candidates = list(dict.fromkeys(aspects_of(program, bad, good, only_forks=only_forks)))
        if not candidates:
            return
        if not comparison.base_rates():
            failed = comparison.failed
            if failed is not None and bad.trials[0].outcome not in WELL:
                self.failed.setdefault(failed.cell, failed)  # other cells compare with it, too
                yield from self._of_cell(Comparison(self._bench, bad, None))
            return
        known = self._by_what_is_known(comparison, candidates)
        if known is not None:
            yield known
            return
        for first in (
            self._shared_by_forks,
            self._of_native_threads,
            _of_connections,
            _of_late_waiters,
        ):
            yield from first(comparison)
            if self._is_explained(bad):
                return
        helping, notes = narrowing.helping(comparison, candidates)
        may_lack = good is None or not prints_more(bad, good)
        earlier = (
            _earlier(comparison) if helping is None and has_threads(bad) and may_lack else None
        )
        if earlier is not None:
            yield earlier
            return
        by_fork = comparison.is_of_fork and good is not None and not shares_less(good)
        if helping is None and by_fork:
            made_again = made_by_calls(program)[: narrowing.MOST_MADE]
            helping = [Aspect(kind="made again", words=each) for each in made_again]
        if helping:
            yield from narrowing.narrowed(comparison, helping, notes)
            return
        yield (
            _since(comparison, program)
            or _undone(comparison)
            or comparison.in_vain(candidates, notes)
        )

    def _shared_by_forks(self, comparison: Comparison) -> Iterator[CauseExperiment]:
        """Give forked children their own of what they share, where they print something else.

        Neither is known to be right, and it is one quick trial.
        """
        bad, forked = comparison.bad, comparison.good
        if forked is None or forked.cell.method != "fork" or not bad.is_good:
            return
        if elsewhere(bad, forked) or forked.cell in self._shared:
            return
        self._shared.add(forked.cell)
        swapped = Comparison(comparison.bench, forked, bad)
        trial = swapped.trial(OF_THEIR_OWN)
        if trial is not None and swapped.is_cured(trial):
            yield from narrowing.narrowed(swapped, OF_THEIR_OWN, noted(trial))

    def _of_native_threads(self, comparison: Comparison) -> Iterator[CauseExperiment]:
        """Keep a library from threads, or fork before it has them, where a child waits in it."""
        bad = comparison.bad
        if not has_native_threads(bad):
            return
        yield from _of_variables(comparison)
        earlier = _earlier(comparison) if files(bad) and not self._is_explained(bad) else None
        if earlier is not None:
            yield earlier

    def _by_what_is_known(
        self, comparison: Comparison, candidates: Sequence[Aspect]
    ) -> CauseExperiment | None:
        """Try what has helped another cell: it is likely to help this one."""
        kinds: set[AspectKind] = {each.kind for each in candidates}
        kinds |= {"variable"} if has_native_threads(comparison.bad) else set()
        kinds |= {"made again"} if "preload" in kinds else set()
        kinds |= {"earlier"} if has_threads(comparison.bad) else set()
        undone = {each.kind for each in UNDONE}
        for aspects in dict.fromkeys(made.aspects for made in self._made if made.confirmed):
            if aspects[0].kind in undone:
                made = _undone(comparison, aspects)
                if made is not None:
                    return made
            elif {each.kind for each in aspects} <= kinds:
                made = comparison.experiment(aspects)
                if made.confirmed:
                    return made
        return None


def _undone(comparison: Comparison, known: Sequence[Aspect] = ()) -> CauseExperiment | None:
    """Rid forked children of what no other child can be given, until they go wrong as well.

    That is what functions have cached, and what calls have set that cannot be pickled.
    """
    bad, good = comparison.bad, comparison.good
    if good is None or good.cell.method != "fork" or elsewhere(bad, good):
        return None
    trial = None if known else comparison.trial_of_good(UNDONE)
    if trial is not None and not comparison.is_as_good(trial):
        known = [
            Aspect(kind=each.kind, words=(name,))
            for each in UNDONE
            for name in names(each.kind, noted(trial))[: narrowing.MOST_MADE]
        ]
    return next(filter(None, map(comparison.experiment_on_good, known)), None)


def _of_connections(comparison: Comparison) -> Iterator[CauseExperiment]:
    """Have children forked before the first process opens what they share: the last one first.

    Not where something else helps that a fork copies: it may have come after the connection, which
    a child that is forked before both has not either.
    """
    lines = opened_before(comparison.bad)[:MOST_SHARED]
    others = [each for each in FORKED if each.kind != "descriptors"]  # which a child may need
    if not lines or comparison.good is None or comparison.helps(others):
        return
    for line in lines:
        made = comparison.experiment([Aspect(kind="earlier", words=(line,))])
        if made.confirmed:
            yield made
            return


def _of_late_waiters(comparison: Comparison) -> Iterator[CauseExperiment]:
    """Notify a Condition only once those wait in it: whatever made them late, it may hang by that.

    What the late ones lack, as a value that takes its time, would cure the hang as well.
    """
    if waits_for_notify(comparison.bad):
        made = comparison.experiment([Aspect(kind="waiters")])
        if made.confirmed:
            yield made


def _earlier(comparison: Comparison) -> CauseExperiment | None:
    """Have children forked before the first process gets its threads, the last ones first.

    Of the lines on the way to a thread's start it is the innermost one that helps.
    """
    if comparison.good is None:
        return None
    began = [each for each in comparison.trace(THREADS) if each.what == "began"]
    began.sort(key=lambda each: [int(number) for number in each.name.split(".")])
    growths = dict.fromkeys(each.name.partition(".")[0] for each in reversed(began))
    lines = [
        each.where
        for growth in growths
        for each in began
        if each.where and each.name.startswith(f"{growth}.")
    ]
    tried = (
        comparison.experiment([Aspect(kind="earlier", words=(line,))])
        for line in [*dict.fromkeys(lines)][: narrowing.MOST_MADE]
    )
    return next((made for made in tried if made.confirmed), None)


def _since(comparison: Comparison, program: Program | None) -> CauseExperiment | None:
    """Have children forked before a statement of their parent's, the last one before them first.

    Where a forked child raises or fails, and nothing else helps, it is what the parent has since
    the first one that does: an object of a library's, maybe, which can be used once.
    """
    bad, good = comparison.bad, comparison.good
    if not comparison.is_of_fork or good is None or elsewhere(bad, good):
        return None
    if good.loses_children or not (bad.loses_children or bad.has_raised):
        return None
    tried = (
        comparison.experiment([Aspect(kind="earlier", words=(line,))])
        for line in statements_before(program, bad)[:MOST_STATEMENTS]
    )
    return next((made for made in tried if made.confirmed), None)


def _of_variables(comparison: Comparison) -> Iterator[CauseExperiment]:
    """Set variables that keep native runtimes from threads: the likeliest alone, then all."""
    variables = [Aspect(kind="variable", words=each) for each in VARIABLES]
    likeliest = variables_of(files(comparison.bad))
    for each in variables:
        if each.words[0] in likeliest:
            made = comparison.experiment([each])
            yield made
            if made.confirmed:
                return
    if comparison.helps(variables):
        yield from narrowing.narrowed(comparison, variables)

"""One bad world beside a good one: what is run to see whether aspects make the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from startlab.engine.experiments.bench import TIMES, Bench, limit_s
from startlab.engine.experiments.noted import has_met, names, noted
from startlab.engine.experiments.worlds import TRACEBACK, World, elsewhere
from startlab.model import Aspect, CauseExperiment, NotApplied
from startlab.results.output_groups import prints_the_same
from startlab.results.summary import WELL, has_failed_child

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from startlab.model import AspectKind, Noted, Trial

CONTROLS: Final = 2
"""How often the bad world is run again after an experiment: a race may have given all by chance.

A hang costs time: it is run again once.
"""

HANGS: Final = 2
"""How often a hang must have been seen."""

HAND_OVER: Final = Aspect(kind="hand over")
"""Changes nothing: it tells where what cannot be pickled, or made again, is handed over."""

TRACED: Final = frozenset(
    {
        "global", "registry", "modules", "environ", "signal handlers", "imports", "attributes",
        "write back", "folder", "thread locals", "first environ", "first argv",
        "path text",
    }
)  # fmt: skip
"""Kinds of aspect of which a line of the program makes the difference."""


FOLLOWED: Final[Mapping[AspectKind, AspectKind]] = {
    "caches": "caches",
    "contexts": "contexts",
    "forking thread": "forking thread",
    "signal handlers": "signal handlers",
    "as imported": "global",
}
"""What a process is followed for where forked children were rid of something."""


class Comparison:
    """A bad world, and the good one that aspects are taken from; what fails everywhere has none."""

    def __init__(self, bench: Bench, bad: World, good: World | None) -> None:
        self.bench = bench
        self.bad = bad
        self.good = good
        self.wavers = False  # whether the bad world ends well now and then without any change
        self.failed: Trial | None = None  # the good world, run once more
        self.lacks_globals = False  # whether some could not be given to children

    @property
    def _limit_s(self) -> float:
        return limit_s(self.good)

    @property
    def is_of_fork(self) -> bool:
        """Whether the bad world forks."""
        return self.bad.cell.method == "fork"

    def trial(self, aspects: Sequence[Aspect]) -> Trial | None:
        """Run the bad world with aspects changed."""
        trial = self.bench.trial(self.bad.cell, aspects, self._limit_s)
        clues = trial.clues if trial is not None else ()
        self.lacks_globals |= any(isinstance(e, NotApplied) and e.aspect == "global" for e in clues)
        return trial

    def trial_of_good(self, aspects: Sequence[Aspect]) -> Trial | None:
        """Run the good world with aspects changed."""
        cell = (self.good or self.bad).cell
        return self.bench.trial(cell, aspects, self._limit_s)

    def helps(self, aspects: Sequence[Aspect]) -> bool:
        """Tell whether the bad world with aspects changed does what the good one does, once."""
        trial = self.trial(aspects)
        return trial is not None and self.is_cured(trial)

    def is_cured(self, trial: Trial) -> bool:
        """Tell whether a trial of the bad world did what the good one does."""
        return self._is_cured(trial, self.bad, self.good)

    def is_as_good(self, trial: Trial) -> bool:
        """Tell whether a trial of the good world did what this one does, if there is one."""
        return self.good is not None and self._is_cured(trial, self.good, self.good)

    def _is_cured(self, trial: Trial, bad: World, good: World | None) -> bool:
        """Tell whether a trial of the bad world did what the good one does.

        A program that hung, and ends now, need not print the same: what held it up may have been
        before that. One without a good world is to end well. Where no child raises or fails in the
        good world, none may: what cannot be pickled may be sent by a name that no child has. A test
        passes or fails, whatever pytest prints of that. What a child needs, and was rid of, cures
        nothing: it may well print less then, as one that has never had it.
        """
        if trial.outcome != "ok" or any(each.what == "needed" for each in noted(trial)):
            return False
        if good is None or bad.trials[0].outcome == "hang":
            return TRACEBACK not in trial.stderr
        right = good.trials[0]
        if TRACEBACK in trial.stderr and TRACEBACK not in right.stderr:
            return False
        if has_failed_child(trial) and not good.loses_children:
            return False
        return self.bench.is_of_test or prints_the_same(trial, right)

    def base_rates(self) -> bool:
        """Run both worlds until each was seen `TIMES` times; tell whether both stay what they are.

        A hang that was seen twice is not waited for again.
        """
        for world in (self.good, self.bad):
            if world is None:
                continue
            wanted = HANGS if world.trials[0].outcome == "hang" else TIMES
            while len(world.trials) < wanted:
                trial = self.bench.trial(world.cell, (), self._limit_s)
                if trial is None:
                    return False
                same = (trial.outcome in WELL) == (world.trials[0].outcome in WELL)
                if world is self.good:
                    same = same and self._is_cured(trial, self.bad, world)
                if not same:
                    if world is self.good and trial.outcome in ("error", "crash"):
                        self.failed = trial
                    return False
                world.trials.append(
                    msgspec.structs.replace(trial, output_group=world.trials[0].output_group)
                )
        return True

    def experiment(self, aspects: Sequence[Aspect]) -> CauseExperiment:
        """Change aspects in the bad world, until it is known whether they are the cause."""
        cured = 0
        notes: tuple[Noted, ...] = ()
        for number in range(TIMES):
            trial = self.trial(aspects)
            if trial is None or not self.is_cured(trial):
                break
            cured = number + 1
            notes = noted(trial)
        confirmed = cured == TIMES and has_met(aspects, notes) and not self._is_of_world(aspects)
        if confirmed or 0 < cured < TIMES:
            handed = self._as_it_is()
            confirmed = confirmed and handed is not None
            notes += handed or () if aspects[0].kind == "identity" else ()
        kind = aspects[0].kind
        lacks_line = any(each.what == "position" and not each.where for each in notes)
        if confirmed and (kind in TRACED or lacks_line):  # native code has opened it
            words = [word for each in aspects if each.kind == kind for word in each.words]
            of = words or names(kind, notes)
            # Of what is made at run time the one that is named is told, and not the last one.
            of = of[:1] if kind == "attributes" else of
            traced = Aspect(kind="trace", words=(kind, *of))
            notes += self.trace(traced)
        return self.made(aspects, cured, confirmed=confirmed, notes=notes)

    def _is_of_world(self, aspects: Sequence[Aspect]) -> bool:
        """Tell whether calls that children make help as well if the parent makes them once more.

        What they change is the world that all processes have in common then, as a file's contents,
        and nothing that children lack. It is taken to be so if there is no time left to see.
        """
        if all(each.kind != "calls" for each in aspects):
            return False
        by_parent = [
            msgspec.structs.replace(each, kind="calls again") if each.kind == "calls" else each
            for each in aspects
        ]
        trial = self.trial(by_parent)
        return trial is None or self.is_cured(trial)

    def trace(self, traced: Aspect) -> tuple[Noted, ...]:
        """Follow the first process of the good world, if there is one, or of the bad one."""
        return self.bench.trace((self.good or self.bad).cell, traced, self._limit_s)

    def experiment_on_good(self, aspect: Aspect) -> CauseExperiment | None:
        """Change an aspect in the good world, and see whether it goes wrong as the bad one does."""
        notes: tuple[Noted, ...] = ()
        for _ in range(TIMES):
            trial = self.trial_of_good([aspect])
            if trial is None or not _is_alike(trial, self.bad.trials[0]):
                return None
            notes = noted(trial)
        if aspect.kind in FOLLOWED:
            words = (FOLLOWED[aspect.kind], *aspect.words)
            notes += self.trace(Aspect(kind="trace", words=words))
        return self.made([aspect], TIMES, confirmed=True, notes=notes)

    def made(
        self,
        aspects: Sequence[Aspect],
        cured: int,
        *,
        confirmed: bool = False,
        notes: tuple[Noted, ...] = (),
    ) -> CauseExperiment:
        """Give the result of an experiment."""
        return CauseExperiment(
            environment=self.bad.cell.environment,
            method=self.bad.cell.method,
            good=self.good.cell.method if self.good else None,
            good_environment=elsewhere(self.bad, self.good),
            aspects=tuple(aspects),
            cured=cured,
            of=min(TIMES, cured + 1),
            confirmed=confirmed,
            noted=notes,
        )

    def in_vain(self, aspects: Sequence[Aspect], notes: tuple[Noted, ...] = ()) -> CauseExperiment:
        """Give what was changed without effect, `of` 0 times if not all of that was tried."""
        made = self.made(aspects, 0, notes=notes)
        tried_all = not (self.bench.is_over or self.lacks_globals)
        return made if tried_all else msgspec.structs.replace(made, of=0)

    def _as_it_is(self) -> tuple[Noted, ...] | None:
        """Run the bad world again without a change: what ends well by chance shows nothing.

        Gives what could not be handed over meanwhile; None if it has ended well, or if there was no
        time left to see whether it does.
        """
        notes: tuple[Noted, ...] = ()
        for _ in range(1 if self.bad.trials[0].outcome == "hang" else CONTROLS):
            trial = self.trial([HAND_OVER])
            if trial is None:
                return None
            if self.is_cured(trial):
                self.wavers = True
                return None
            notes = noted(trial)
        return notes


def _is_alike(trial: Trial, bad: Trial) -> bool:
    """Tell whether a trial goes wrong as another one does."""
    if trial.outcome in WELL and bad.outcome in WELL:
        return prints_the_same(trial, bad)
    kinds = [each.exception and each.exception.type for each in (trial, bad)]
    return (trial.outcome, trial.where) == (bad.outcome, bad.where) and kinds[0] == kinds[1]

"""Experiments on causes: a program is run again with one aspect as it is in a world where it works.

In the bad world (see `worlds`) an aspect is made as in the good one: if then the program does what
it does there, three times of three, the aspect is the cause, or is on the way to it. Aspects are
tried in causal order: a module that comes from another file before a value in it. What cannot be
carried over is taken from the good world instead: if that goes wrong as the bad one does, it is the
cause.

The base rates of both worlds are known first. A good world that has failed once is none.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from startlab.engine.aspects import (
    EVERYWHERE,
    VARIABLES,
    aspects_of,
    environment_of,
    files,
    has_native_threads,
    made_by_calls,
    variables_of,
)
from startlab.engine.worlds import TRACEBACK, World, elsewhere, explains, pairs
from startlab.errors import AgentError
from startlab.model import Aspect, CauseExperiment, Noted
from startlab.results.output_groups import grouped
from startlab.results.summary import WELL, has_failed_child
from startlab.results.trials import by_cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from startlab.backends import Agent, Backend
    from startlab.engine.subjects import Subject
    from startlab.model import AspectKind, Cell, Run, Trial

TIMES: Final = 3
"""How often each world, and the aspect, must give the same."""

CONTROLS: Final = 2
"""How often the bad world is run again after that: a race may have given all of it by chance.

A hang costs time: it is run again once.
"""

SHORTEST_S: Final = 3.0
LONGEST_ALONE_S: Final = 10.0
"""How long a test may take that is run by itself for the first time."""

LONGER: Final = 5
"""A trial of an experiment may take so many times what the good world does, or `SHORTEST_S`."""

Explain = Literal["quick", "full", "off"]
"""How long causes are looked for."""

BUDGET_S: Final = {"quick": 30.0, "full": 300.0}


MOST_MADE: Final = 8
"""Globals that are made again, and calls that are made again, one after the other, in children."""

MOST_SEEN: Final = 3
"""Globals that are tried one by one, before many others by halves: what differs is likely meant."""

HAND_OVER: Final = Aspect(kind="hand over")
"""Changes nothing: it tells where what cannot be pickled, or made again, is handed over."""

SEEDED: Final = (Aspect(kind="registry", words=("random",)), Aspect(kind="one worker"))
TRACED: Final = frozenset(
    {
        "global", "registry", "modules", "environ", "signal handlers", "imports", "attributes",
        "write back",
    }
)  # fmt: skip
"""Kinds of aspect of which a line of the program makes the difference."""

MET: Final[Mapping[str, AspectKind]] = {
    "by name": "identity", "exception": "exceptions", "pool end": "pool end", "empty": "empty",
    "ended": "written",
    "reaped": "child exits", "written back": "write back", "imported": "imports",
    "made": "attributes", "id": "ids", "parent id": "parent id", "unwritten": "flush",
    "lock": "lock", "epoll": "epoll", "inherited": "descriptors",
    "exit handler": "exit in children", "variable": "environ", "call": "calls",
    "main again": "one main", "blocked": "signal mask", "tracked": "tracker",
    "handler": "signal handlers", "loop": "event loop", "thread": "threads",
    "found": "modules", "gone": "kept", "read": "stdin", "undone": "undone",
    "preloaded": "preload", "fork hook": "fork hooks", "finalized": "finalizers",
    "cached": "caches",
    "position": "positions",
}  # fmt: skip
"""What an experiment notes where it has something to do, and the kind of aspect that this is."""

MAY_BE_SILENT: Final = frozenset({"flush"})
"""Kinds that do not always note what they have met: what is written to a pipe cannot be told."""

SILENT: Final = frozenset({"global", "registry", "statement"})
"""Kinds of aspect that do not note what they have met, and may spoil what another one cures."""


UNDONE: Final = (Aspect(kind="caches"), Aspect(kind="undone"))
"""What forked children are rid of, to see them do what others do that never had it."""

INTRUSIVE: Final = frozenset(
    {"calls", "statement", "threads", "write back", "fork hooks", "finalizers"}
)
"""Kinds that may break a program themselves, and hide what helps.

What is called again may be done twice; children may need what a statement binds; a thread that runs
again in a child may take what is meant for the parent's.
"""


class Experimenter:
    """Explains the bad cells of a program's run, as long as there is time."""

    def __init__(self, run: Run, subject: Subject, backend: Backend, deadline: float) -> None:
        self._run = run
        self._subject = subject
        self._backend = backend
        self._deadline = deadline
        self._environments = {
            each.name: each.environment for each in run.environments if each.environment
        }
        self._agents: dict[str, Agent] = {}
        self._made: list[CauseExperiment] = []
        self._traced: dict[tuple[Cell, Aspect], tuple[Noted, ...]] = {}
        self._wavering: set[Cell] = set()  # that end well now and then without any change
        self._worlds = self._by_environment()

    def close(self) -> None:
        """End the agents."""
        for agent in self._agents.values():
            agent.close()

    @property
    def has_work(self) -> bool:
        """Whether there is a cell whose cause can be looked for."""
        return any(
            any(pairs(of)) or any(world.is_unstable for world in of) for of in self._worlds.values()
        )

    def explain(self) -> Iterator[CauseExperiment]:
        """Give each experiment that was made, confirmed or not."""
        for worlds in self._worlds.values():
            yield from self._in_environment(worlds)

    def run_anew(self) -> None:
        """Run each cell again, once: what is known of them is from another way to run them."""
        seen: list[Trial] = []
        for worlds in self._worlds.values():
            for world in worlds:
                longest = max(trial.duration_s for trial in world.trials)
                trial = self._trial(world.cell, (), max(LONGEST_ALONE_S, LONGER * longest))
                seen += [] if trial is None else [trial]
        self._run = grouped(msgspec.structs.replace(self._run, trials=tuple(seen)))
        self._worlds = self._by_environment()

    def _by_environment(self) -> dict[str, list[World]]:
        """Group what is compared: by environment, or all, if each has a start method of its own."""
        worlds: dict[str, list[World]] = {}
        for cell, trials in by_cell(self._run):
            tried = [t for t in trials if t.outcome not in ("unsupported", "unavailable")]
            if tried and cell.environment in self._environments:
                worlds.setdefault(cell.environment, []).append(World(cell, tried))
        every = [world for of in worlds.values() for world in of]
        if len({world.cell.method for world in every}) == len(every):
            return {"": every}
        return worlds

    def _in_environment(self, worlds: Sequence[World]) -> Iterator[CauseExperiment]:
        for world in worlds:
            if world.is_unstable:
                yield from self._written(world)
                yield from self._seeded(world)
                yield from self._hashed(world)
        for bad, good in pairs(worlds):
            if any(made.confirmed for made in self._made if explains(made, bad)):
                continue
            for made in self._of_cell(bad, good or self._elsewhere(bad)):
                self._made.append(made)
                yield made

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

    def _written(self, world: World) -> Iterator[CauseExperiment]:
        """See whether nothing is missing once children write at once what they print.

        In which order they print is left to chance.
        """
        aspects = (Aspect(kind="written"),)
        printed: set[tuple[str, ...]] = set()
        noted: tuple[Noted, ...] = ()
        for _ in range(TIMES):
            trial = self._trial(world.cell, aspects, self._limit_s(world))
            if trial is None or trial.outcome not in WELL:
                return
            printed.add(tuple(sorted(trial.stdout.splitlines())))
            noted += _noted(trial)
        lengths = [len(trial.stdout.splitlines()) for trial in world.trials]
        if len(printed) > 1 or not noted or not min(lengths) < len(printed.pop()) >= max(lengths):
            return
        made = CauseExperiment(
            environment=world.cell.environment,
            method=world.cell.method,
            aspects=aspects,
            cured=TIMES,
            of=TIMES,
            confirmed=True,
            noted=tuple(dict.fromkeys(noted)),
        )
        self._made.append(made)
        yield made

    def _seeded(self, world: World) -> Iterator[CauseExperiment]:
        """See whether an output is always the same once children have the parent's random state.

        One worker takes all tasks then: else which task draws which numbers is left to chance.
        """
        groups = set()
        noted: tuple[Noted, ...] = ()
        for _ in range(TIMES):
            trial = self._trial(world.cell, SEEDED, self._limit_s(world))
            if trial is None or trial.outcome not in WELL:
                return
            groups.add(trial.stdout_digest)
        confirmed = len(groups) == 1
        if confirmed:
            traced = Aspect(kind="trace", words=("registry", "random"))
            last = self._trial(world.cell, [traced], self._limit_s(world) * 3)
            noted = _noted(last) if last is not None else ()
        made = CauseExperiment(
            environment=world.cell.environment,
            method=world.cell.method,
            aspects=SEEDED,
            cured=TIMES if confirmed else 0,
            of=TIMES,
            # Without a seed of the program's own, that output varies is as it should be.
            confirmed=confirmed and any(each.where for each in noted[1:]),
            noted=noted,
        )
        self._made.append(made)
        yield made

    def _hashed(self, world: World) -> Iterator[CauseExperiment]:
        """See whether an output is always the same with one hash seed, and so with another one."""
        for seed in ("1", "2"):
            printed = set()
            for _ in range(TIMES):
                aspects = (Aspect(kind="hash seed", words=(seed,)),)
                trial = self._trial(world.cell, aspects, self._limit_s(world))
                if trial is None or trial.outcome not in WELL:
                    return
                printed.add(trial.stdout_digest)
                if len(printed) > 1:
                    return
        made = CauseExperiment(
            environment=world.cell.environment,
            method=world.cell.method,
            aspects=(Aspect(kind="hash seed"),),
            cured=2 * TIMES,
            of=2 * TIMES,
            confirmed=True,
        )
        self._made.append(made)
        yield made

    # --- one bad cell ---------------------------------------------------------------------------

    def _of_cell(self, bad: World, good: World | None) -> Iterator[CauseExperiment]:
        candidates = list(dict.fromkeys(aspects_of(self._run.header.program, bad, good)))
        if not candidates or not self._base_rates(bad, good):
            return
        is_native = has_native_threads(bad)
        made = self._by_what_is_known(bad, good, candidates, is_native=is_native)
        if made is not None:
            yield made
            return
        if is_native:
            yield from self._of_variables(bad, good)
            if any(made.confirmed and explains(made, bad) for made in self._made):
                return
        helping, noted = self._helping(bad, good, candidates)
        if helping is None and good is not None and bad.cell.method == "fork":
            helping = [
                Aspect(kind="made again", words=each)
                for each in made_by_calls(self._run.header.program)[:MOST_MADE]
            ]
        if helping:
            yield from self._narrowed(bad, good, helping, noted)
            return
        yield self._undone(bad, good) or self._made_of(bad, good, candidates, 0, noted=noted)

    def _by_what_is_known(
        self, bad: World, good: World | None, candidates: Sequence[Aspect], *, is_native: bool
    ) -> CauseExperiment | None:
        """Try what has helped another cell: it is likely to help this one."""
        kinds: set[AspectKind] = {each.kind for each in candidates}
        kinds |= {"variable"} if is_native else set()
        kinds |= {"made again"} if "preload" in kinds else set()
        for aspects in dict.fromkeys(made.aspects for made in self._made if made.confirmed):
            if aspects[0].kind in {each.kind for each in UNDONE}:
                undone = self._undone(bad, good, aspects)
                if undone is not None:
                    return undone
            elif {each.kind for each in aspects} <= kinds:
                made = self._experiment(bad, good, aspects, self._limit_s(good))
                if made.confirmed:
                    return made
        return None

    def _undone(
        self, bad: World, good: World | None, known: Sequence[Aspect] = ()
    ) -> CauseExperiment | None:
        """Rid forked children of what no other child can be given, until they go wrong as well.

        That is what functions have cached, and what calls have set that cannot be pickled.
        """
        if good is None or good.cell.method != "fork" or elsewhere(bad, good):
            return None
        trial = None if known else self._trial(good.cell, UNDONE, self._limit_s(good))
        if trial is not None and not self._is_cured(trial, good, good):
            known = [
                Aspect(kind=each.kind, words=(name,))
                for each in UNDONE
                for name in _names(each.kind, _noted(trial))[:MOST_MADE]
            ]
        for each in known:
            noted: tuple[Noted, ...] = ()
            for number in range(TIMES):
                trial = self._trial(good.cell, (each,), self._limit_s(good))
                if trial is None or not _is_alike(trial, bad.trials[0]):
                    break
                noted = _noted(trial)
                if number + 1 == TIMES:
                    return self._made_of(bad, good, (each,), TIMES, confirmed=True, noted=noted)
        return None

    def _of_variables(self, bad: World, good: World | None) -> Iterator[CauseExperiment]:
        """Set variables that keep native runtimes from threads: the likeliest alone, then all."""
        variables = [Aspect(kind="variable", words=each) for each in VARIABLES]
        names = variables_of(files(bad))
        for each in variables:
            if each.words[0] in names:
                made = self._experiment(bad, good, (each,), self._limit_s(good))
                yield made
                if made.confirmed:
                    return
        if self._helps(bad, good, variables):
            yield from self._narrowed(bad, good, variables)

    def _narrowed(
        self,
        bad: World,
        good: World | None,
        helping: Sequence[Aspect],
        noted: Sequence[Noted] = (),
    ) -> Iterator[CauseExperiment]:
        """Try less of what helps together, until an experiment confirms it."""
        for aspects in self._smaller(bad, good, helping, noted):
            if time.monotonic() > self._deadline:
                return
            made = self._experiment(bad, good, aspects, self._limit_s(good))
            yield made
            if made.confirmed or bad.cell in self._wavering:
                return

    def _helping(
        self, bad: World, good: World | None, candidates: list[Aspect]
    ) -> tuple[list[Aspect] | None, tuple[Noted, ...]]:
        """Change all candidates at once, then fewer: one may spoil what another one cures.

        None if nothing helps. Those come first that have met what they change. What is handed over
        is looked at, too.
        """
        noted: tuple[Noted, ...] = ()
        sets = [
            candidates,
            [each for each in candidates if each.kind not in INTRUSIVE],
            [each for each in candidates if each not in EVERYWHERE],
        ]
        tried: list[list[Aspect]] = []
        for together in sets:
            if not together or together in tried:
                continue
            tried.append(together)
            trial = self._trial(bad.cell, [HAND_OVER, *together], self._limit_s(good))
            if trial is None:
                break
            noted = tuple(dict.fromkeys((*noted, *_noted(trial))))
            if self._is_cured(trial, bad, good):
                return _met_first(together, trial), noted
            if together is candidates:
                sets += _apart(candidates, trial)
        return None, noted

    def _smaller(
        self,
        bad: World,
        good: World | None,
        candidates: Sequence[Aspect],
        noted: Sequence[Noted],
    ) -> Iterator[tuple[Aspect, ...]]:
        """Give what is tried when all together have helped: one alone, then what is left of all.

        That is each that has met something, or was seen to differ; then the last one of the
        shortest row from the first one on that helps, found by halves; and last this row without
        all that it can do without.
        """
        if candidates[0].kind == "made again":
            yield from ((each,) for each in candidates)
            return
        met = {MET.get(each.what) for each in noted} - {"calls"}
        seen = [each for each in candidates if each.kind == "global"]
        if 0 < len(seen) <= MOST_SEEN:  # the main module's name comes before what is made of it
            met |= {"main", "global"}
        tried = [each for each in candidates if each.kind in met]
        yield from ((each,) for each in tried)
        row = self._shortest_row(bad, good, candidates)
        if row[-1].kind == "calls":
            yield from self._fewest_calls(bad, good, noted)
        elif row[-1] not in tried:
            yield (row[-1],)
        if len(row) > 1:
            yield self._without_the_rest(bad, good, row)

    def _fewest_calls(
        self, bad: World, good: World | None, noted: Sequence[Noted]
    ) -> Iterator[tuple[Aspect, ...]]:
        """Give each call alone, then those that it takes together; the last one tells."""
        names = _names("calls", noted)[:MOST_MADE]
        calls = [Aspect(kind="calls", words=(name,)) for name in names]
        yield from ((each,) for each in calls)
        if len(calls) > 1:
            yield tuple(self._shortest_row(bad, good, calls))

    def _shortest_row(
        self, bad: World, good: World | None, candidates: Sequence[Aspect]
    ) -> list[Aspect]:
        """Find by halves how many of the candidates, from the first one on, it takes to help.

        That these help is seen twice: where a program sometimes ends well, one look misleads.
        """
        least, most = 1, len(candidates)
        while True:
            while least < most:
                middle = (least + most) // 2
                if self._helps(bad, good, candidates[:middle]):
                    most = middle
                else:
                    least = middle + 1
            if most == len(candidates) or self._helps(bad, good, candidates[:most]):
                return list(candidates[:most])
            least, most = most + 1, len(candidates)

    def _helps(self, bad: World, good: World | None, aspects: Sequence[Aspect]) -> bool:
        trial = self._trial(bad.cell, aspects, self._limit_s(good))
        return trial is not None and self._is_cured(trial, bad, good)

    def _without_the_rest(
        self, bad: World, good: World | None, row: list[Aspect]
    ) -> tuple[Aspect, ...]:
        """Leave out of what helps together all that it can do without, half by half."""
        kept, size = row, max(1, len(row) // 2)
        while size:
            for start in range(len(kept) - size, -1, -size):
                fewer = kept[:start] + kept[start + size :]
                if fewer and self._helps(bad, good, fewer):
                    kept = fewer
            size //= 2
        return tuple(kept)

    def _experiment(
        self,
        bad: World,
        good: World | None,
        aspects: Sequence[Aspect],
        limit_s: float,
    ) -> CauseExperiment:
        cured = 0
        noted: tuple[Noted, ...] = ()
        for number in range(TIMES):
            trial = self._trial(bad.cell, aspects, limit_s)
            if trial is None or not self._is_cured(trial, bad, good):
                break
            cured = number + 1
            noted = _noted(trial)
        confirmed = cured == TIMES and _has_met(aspects, noted)
        if confirmed or 0 < cured < TIMES:
            handed = self._as_it_is(bad, good)
            confirmed = confirmed and handed is not None
            noted += handed or () if aspects[0].kind == "identity" else ()
        if confirmed and aspects[0].kind in TRACED:
            kind = aspects[0].kind
            words = [word for each in aspects if each.kind == kind for word in each.words]
            traced = Aspect(kind="trace", words=(kind, *(words or _names(kind, noted))))
            noted += self._trace((good or bad).cell, traced, limit_s * 3)
        return self._made_of(bad, good, aspects, cured, confirmed=confirmed, noted=noted)

    def _trace(self, cell: Cell, traced: Aspect, limit_s: float) -> tuple[Noted, ...]:
        """Follow a cell's first process to the line that makes a difference, once for all cells."""
        if (cell, traced) not in self._traced:
            trial = self._trial(cell, [traced], limit_s)
            self._traced[cell, traced] = _noted(trial) if trial is not None else ()
        return self._traced[cell, traced]

    @staticmethod
    def _made_of(
        bad: World,
        good: World | None,
        aspects: Sequence[Aspect],
        cured: int,
        *,
        confirmed: bool = False,
        noted: tuple[Noted, ...] = (),
    ) -> CauseExperiment:
        return CauseExperiment(
            environment=bad.cell.environment,
            method=bad.cell.method,
            good=good.cell.method if good else None,
            good_environment=elsewhere(bad, good),
            aspects=tuple(aspects),
            cured=cured,
            of=min(TIMES, cured + 1),
            confirmed=confirmed,
            noted=noted,
        )

    def _as_it_is(self, bad: World, good: World | None) -> tuple[Noted, ...] | None:
        """Run the bad world again without a change: what ends well by chance shows nothing.

        Gives what could not be handed over meanwhile; None if it has ended well.
        """
        noted: tuple[Noted, ...] = ()
        for _ in range(1 if bad.trials[0].outcome == "hang" else CONTROLS):
            trial = self._trial(bad.cell, [HAND_OVER], self._limit_s(good))
            if trial is not None and self._is_cured(trial, bad, good):
                self._wavering.add(bad.cell)
                return None
            noted = _noted(trial) if trial is not None else noted
        return noted

    @staticmethod
    def _is_cured(trial: Trial, bad: World, good: World | None) -> bool:
        """Tell whether a trial of the bad world did what the good one does.

        A program that hung, and ends now, need not print the same: what held it up may have been
        before that. One without a good world is to end well. Where no child raises or fails in the
        good world, none may: what cannot be pickled may be sent by a name that no child has.
        """
        if trial.outcome != "ok":
            return False
        if good is None or bad.trials[0].outcome == "hang":
            return TRACEBACK not in trial.stderr
        right = good.trials[0]
        if TRACEBACK in trial.stderr and TRACEBACK not in right.stderr:
            return False
        if has_failed_child(trial) and not good.loses_children:
            return False
        return trial.stdout_digest == right.stdout_digest or (
            trial.stdout_shape is not None and trial.stdout_shape == right.stdout_shape
        )

    def _base_rates(self, bad: World, good: World | None) -> bool:
        """Run both worlds until each was seen `TIMES` times; tell whether both stay what they are.

        A hang that was seen twice is not waited for again.
        """
        worlds = [(world, good is world) for world in (good, bad) if world is not None]
        for world, is_good in worlds:
            wanted = 2 if world.trials[0].outcome == "hang" else TIMES
            while len(world.trials) < wanted:
                trial = self._trial(world.cell, (), self._limit_s(good))
                if trial is None:
                    return False
                same = (trial.outcome in WELL) == (world.trials[0].outcome in WELL)
                if is_good:
                    same = same and self._is_cured(trial, bad, world)
                if not same:
                    return False
                world.trials.append(
                    msgspec.structs.replace(trial, output_group=world.trials[0].output_group)
                )
        return True

    def _limit_s(self, good: World | None) -> float:
        longest = max((trial.duration_s for trial in good.trials), default=0.0) if good else 2.0
        return max(SHORTEST_S, LONGER * longest)

    def _trial(self, cell: Cell, aspects: Sequence[Aspect], limit_s: float) -> Trial | None:
        """Run a trial with aspects changed; None where the time is over or no agent can."""
        if time.monotonic() > self._deadline:
            return None
        environment = self._environments[cell.environment]
        try:
            if environment.name not in self._agents:
                self._subject.lacking(environment)  # which learns what it runs there
                self._agents[environment.name] = self._backend.agent(environment)
            agent = self._agents[environment.name]
            request = self._subject.request(cell, environment, agent)
            request = msgspec.structs.replace(
                request,
                env={**request.env, **environment_of(aspects)},
                timeout_s=min(request.timeout_s, limit_s),
            )
            observation = agent.run(request)
        except AgentError:
            return None
        return self._subject.judge(cell, environment, 0, observation)


def _is_alike(trial: Trial, bad: Trial) -> bool:
    """Tell whether a trial goes wrong as another one does."""
    if trial.outcome in WELL and bad.outcome in WELL:
        return trial.stdout_digest == bad.stdout_digest or (
            trial.stdout_shape is not None and trial.stdout_shape == bad.stdout_shape
        )
    kinds = [each.exception and each.exception.type for each in (trial, bad)]
    return (trial.outcome, trial.where) == (bad.outcome, bad.where) and kinds[0] == kinds[1]


def _noted(trial: Trial) -> tuple[Noted, ...]:
    return tuple(each for each in trial.clues if isinstance(each, Noted))


def _met_first(candidates: Sequence[Aspect], trial: Trial) -> list[Aspect]:
    """Put first what has met in a trial what it changes, at a line it knows, and keep the order.

    That there are calls to be made again says nothing: there always are.
    """
    met = {MET.get(each.what) for each in _noted(trial)} - {"calls"}
    at_a_line = {MET.get(each.what) for each in _noted(trial) if each.where} - {"calls"}
    return sorted(candidates, key=lambda each: (each.kind not in met, each.kind not in at_a_line))


def _has_met(aspects: Sequence[Aspect], noted: Sequence[Noted]) -> bool:
    """Tell whether an aspect that is alone has met something, if it would tell: else it is none."""
    kind = aspects[0].kind
    telling = len(aspects) == 1 and kind in MET.values() and kind not in MAY_BE_SILENT
    return not telling or bool(_names(kind, noted))


def _apart(candidates: Sequence[Aspect], trial: Trial) -> list[list[Aspect]]:
    """Give the candidates of a kind for each kind that has met something, or cannot tell.

    Each statement is left out by itself too: what one of them makes, children may need.
    """
    met = {MET.get(each.what) for each in _noted(trial)}
    kinds = dict.fromkeys(each.kind for each in candidates)
    alone = [[each] for each in candidates if each.kind == "statement"]
    return [
        [each for each in candidates if each.kind == kind]
        for kind in kinds
        if kind in met or kind in SILENT
    ] + alone[:MOST_MADE]


def _names(kind: AspectKind, noted: Sequence[Noted]) -> tuple[str, ...]:
    """Name what an aspect of a kind has met."""
    return tuple(dict.fromkeys(each.name for each in noted if MET.get(each.what) == kind))

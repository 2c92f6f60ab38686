"""A finished run of a program: its trials, as the cases that rules are asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from startlab.diagnosis.case import NO_LINES, Case, Cause, Outputs
from startlab.diagnosis.experiments import confirmed
from startlab.diagnosis.phrases import listed, versions
from startlab.diagnosis.rules import MECHANISMS
from startlab.diagnosis.settings import SETTINGS
from startlab.diagnosis.source.sources import Sources
from startlab.diagnosis.told import told_of
from startlab.model import START_METHODS, ChangedGlobal, ChangedSetting
from startlab.output.compare import compare
from startlab.results.output_groups import grouped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from startlab.diagnosis.rule import Rules
    from startlab.model import CauseExperiment, Cell, Program, Run, Trial
    from startlab.output.compare import Difference


class Seen:
    """What was seen of one program, and the rules that explain it."""

    def __init__(self, run: Run, program: Program, rules: Rules) -> None:
        self.wanted = program.stdout
        self.sources = Sources(program)
        self.rules = rules
        self.environments = {
            each.name: each.environment for each in run.environments if each.environment
        }
        self.methods = {each for there in self.environments.values() for each in there.methods}
        ran = [
            trial
            for trial in grouped(run).trials
            if trial.outcome not in ("unsupported", "unavailable")
        ]
        trials: dict[Cell, list[Trial]] = {}
        for trial in ran:
            trials.setdefault(trial.cell, []).append(trial)
        self.by_cell = {cell: trials[cell] for cell in run.planned if cell in trials}
        self.trials = [trial for trials in self.by_cell.values() for trial in trials]
        self.by_environment = self._by_environment()
        self.experiments = {
            (each.environment, each.method): each for each in run.experiments if each.confirmed
        }
        self._tried = {(each.environment, each.method) for each in run.experiments}
        self.in_vain = [
            each for each in run.experiments if not each.confirmed and len(each.aspects) > 1
        ]

    def _by_environment(self) -> dict[str, list[Trial]]:
        """Group what is compared: by environment, or all, if each has a start method of its own."""
        if len({cell.method for cell in self.by_cell}) == len(self.by_cell):
            return {cell.environment: self.trials for cell in self.by_cell}
        trials: dict[str, list[Trial]] = {}
        for trial in self.trials:
            trials.setdefault(trial.environment, []).append(trial)
        return trials

    def case(
        self,
        trial: Trial,
        others: Sequence[Trial] | None = None,
        *,
        lines: Difference = NO_LINES,
        against: str = "",
        outputs: Outputs | None = None,
    ) -> Case:
        """Give a trial as rules see it, beside those of its environment or some `others`."""
        if others is None:
            others = [e for e in self.by_environment[trial.environment] if e is not trial]
        return Case(
            self._without_rejected(trial),
            self.sources,
            environment=self.environments.get(trial.environment),
            others=others,
            lines=lines,
            against=against,
            outputs=outputs,
            ask=self.rules.first,
            given_at=self._given_at(trial),
        )

    def _without_rejected(self, trial: Trial) -> Trial:
        """Leave out what differs in a trial's children, and makes no difference by experiment."""
        in_vain = [
            made
            for made in self.in_vain
            if made.of and made.good
            if (made.environment, made.method) == (trial.environment, trial.method)
        ]
        aspects = [aspect for made in in_vain for aspect in made.aspects]
        rejected = {each.words[0] for each in aspects if each.kind == "global"}
        registries = {each.words[0] for each in aspects if each.kind == "registry"}
        registries -= {e.name for made in in_vain for e in made.noted if e.what == "not sent"}
        registries -= {"logging"}  # what goes to stderr is not compared
        if not aspects:
            return trial
        clues = tuple(
            each
            for each in trial.clues
            if not (isinstance(each, ChangedGlobal) and each.name in rejected)
            and not (isinstance(each, ChangedSetting) and each.is_patch and each.part in rejected)
            and not (
                isinstance(each, ChangedSetting) and SETTINGS[each.setting].registry in registries
            )
        )
        return structs.replace(trial, clues=clues)

    def _given_at(self, trial: Trial) -> str | None:
        """Give the line that hands over what cannot be pickled, or not made again from that."""
        return next(
            (
                noted.where
                for made in self.in_vain
                if (made.environment, made.method) == (trial.environment, trial.method)
                for noted in made.noted
                if noted.what == "handed over" and noted.where
            ),
            None,
        )

    def confirmed(
        self, trial: Trial, found: Cause | None = None, *, of_output: bool = False
    ) -> Cause | None:
        """Give the cause that an experiment in the trial's cell has confirmed, if there was one.

        Of an output that differs, rules tell the first that differs: an experiment knows which it
        is, unless it says little itself, or what was `found` is a loss.
        """
        made = self._experiment_on(trial)
        if made is None:
            return None
        if of_output and found is not None and not MECHANISMS[found.mechanism].loses:
            found = found if told_of(made).says == "less" else None
        return confirmed(self.case(trial), made, found)

    def _experiment_on(self, trial: Trial) -> CauseExperiment | None:
        """Give what has confirmed the cause in a trial's cell, or in one that ends just alike.

        Such a one is a cell of the same start method, or of another one that does not fork, where
        nothing was tried in this one; or one that fails where all do.
        """
        cell = trial.environment, trial.method
        if cell in self.experiments:
            return self.experiments[cell]
        untried = cell not in self._tried
        return next(
            (
                made
                for made in self.experiments.values()
                if (untried and made.method == trial.method)
                or (untried and made.environment == trial.environment and _forks_none(made, trial))
                or (made.good is None and made.environment == trial.environment)
                if any(
                    _end(each) == _end(trial)
                    for each in self.trials
                    if (each.environment, each.method) == (made.environment, made.method)
                )
            ),
            None,
        )

    def why_other(
        self, trial: Trial, others: Sequence[Trial], wanted: str = ""
    ) -> tuple[int, Cause] | None:
        """Explain by a trial's own clues why it does not print what `others` do, or `wanted`.

        The lower the number, the stronger.
        """
        lines = compare(_told_by(trial), _told_by(others[0]) if others else wanted)
        if not any(lines) and trial.outcome != "error":
            return None  # only what was left out of the middle differs
        return self.rules.ranked("output", self.case(trial, others, lines=lines))

    def cells_of(self, trials: Iterable[Trial]) -> str:
        """Name cells by their methods, and by their Pythons where not all have it."""
        cells = {trial.cell for trial in trials}
        methods: dict[str, list[str]] = {}
        every: dict[str, list[str]] = {}
        for cell in self.by_cell:
            every.setdefault(cell.method, []).append(cell.environment)
            if cell in cells:
                methods.setdefault(cell.method, []).append(cell.environment)
        order = [*START_METHODS, "default"]
        told: dict[str, list[str]] = {}
        for method in sorted(methods, key=order.index):
            partly = methods[method] != every[method]
            on = f" on Python {versions(self.environments, methods[method])}" if partly else ""
            told.setdefault(on, []).append(method)
        if list(told) == [""] and len(told[""]) == len(every) > 1 and set(every) >= self.methods:
            return "every start method"
        return ", and ".join(f"{listed(names)}{on}" for on, names in told.items())


def cell_name(cell: Cell) -> str:
    """Name a cell of a program that is known."""
    return f"{cell.environment} × {cell.method}"


def _forks_none(made: CauseExperiment, trial: Trial) -> bool:
    return "fork" not in (made.method, trial.method)


def _end(trial: Trial) -> tuple[object, ...]:
    """Give how a trial ended: what is alike in this may have one cause."""
    raised = trial.exception.type if trial.exception else None
    return trial.outcome, raised, trial.where, trial.output_group


def _told_by(trial: Trial) -> str:
    """Give what a trial has printed; of one that fails, what it says of it too."""
    return f"{trial.output}\n{trial.reason}" if trial.outcome == "error" else trial.output

"""Outcomes of many cells → causes, each told once, with place and cure.

A cause is found for each trial by itself, by the rules; trials with the same cause are one finding.
Where all trials are ok, but do not print the same, the outputs are compared here. No rule is known
here by its name.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from startlab.diagnosis.case import NO_LINES, Case, Cause, Outputs, forked_with_threads
from startlab.diagnosis.experiments import confirmed, is_cure, rejected, variables_of
from startlab.diagnosis.phrases import either, listed, or_nothing, prints, versions
from startlab.diagnosis.rules import MECHANISMS
from startlab.diagnosis.source.sources import Sources
from startlab.model import START_METHODS, Explained, Finding
from startlab.output.compare import compare
from startlab.results.output_groups import grouped
from startlab.results.summary import WELL, has_failed_child

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from startlab.diagnosis.rule import Mechanism, Rules
    from startlab.model import CauseExperiment, Cell, FindingGrade, Method, Outcome, Run, Trial
    from startlab.output.compare import Difference

BROKEN: Final[tuple[Outcome, ...]] = ("hang", "crash", "error", "wrong")
"""Outcomes that a person must do something about."""

_VERB: Final[Mapping[str, str]] = {
    "hang": "hangs",
    "crash": "crashes",
    "error": "fails",
    "wrong": "prints something else than expected",
    "undecided": "is undecided",
    "differs": "prints different output",
    "ok": "prints different output",
}
_RANK: Final = ("hang", "crash", "error", "wrong", "differs", "ok", "undecided")


def find(run: Run, rules: Rules, *, broken: frozenset[Method] = frozenset()) -> tuple[Finding, ...]:
    """Find the causes of all that is not as it should be, the most important first.

    Notes, about what is harmless here and now, come last. No start method is advised that is
    `broken` for others.
    """
    if run.header.program is None:
        return ()
    return _Finder(run, rules, broken).find()


class _Causes:
    """Causes with the trials that they explain; the same of two trials is one."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str | None], tuple[Cause, list[Trial]]] = {}

    def add(self, cause: Cause | None, trial: Trial) -> None:
        """Add a cause of a trial, if there is one."""
        if cause is not None:
            self._found.setdefault(cause.identity, (cause, []))[1].append(trial)

    def __iter__(self) -> Iterator[tuple[Cause, list[Trial]]]:
        return iter(self._found.values())


class _Finder:
    """One run of a program."""

    def __init__(self, run: Run, rules: Rules, broken: frozenset[Method]) -> None:
        program = run.header.program
        if program is None:
            raise AssertionError("a run of a program")
        self.run = grouped(run)
        self.sources = Sources(program)
        self.environments = {
            each.name: each.environment for each in run.environments if each.environment
        }
        self.methods = {each for there in self.environments.values() for each in there.methods}
        self.ran = [t for t in self.run.trials if t.outcome not in ("unsupported", "unavailable")]
        trials: dict[Cell, list[Trial]] = {}
        for trial in self.ran:
            trials.setdefault(trial.cell, []).append(trial)
        self.by_cell = {cell: trials[cell] for cell in run.planned if cell in trials}
        self.ran = [trial for trials in self.by_cell.values() for trial in trials]
        self.rules = rules
        self.broken = broken
        self.experiments = {
            (each.environment, each.method): each for each in run.experiments if each.confirmed
        }
        self.tried = {(each.environment, each.method) for each in run.experiments}
        self.in_vain = [
            each for each in run.experiments if not each.confirmed and len(each.aspects) > 1
        ]
        self.by_environment: dict[str, list[Trial]] = {}
        for trial in self.ran:
            self.by_environment.setdefault(trial.environment, []).append(trial)

    def _case(
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
            trial,
            self.sources,
            environment=self.environments.get(trial.environment),
            others=others,
            lines=lines,
            against=against,
            outputs=outputs,
            ask=self.rules.first,
            given_at=self._given_at(trial),
        )

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

    def find(self) -> tuple[Finding, ...]:
        found = [*self._broken(), *self._differing(), *self._unseen()]
        told = {(each.mechanism, each.where) for each in found}
        found += [each for each in self._notes() if (each.mechanism, each.where) not in told]
        well = self._well(found)
        found = [each if each.note else self._advised(each, well) for each in found]
        found.sort(
            key=lambda each: (
                each.note,
                _RANK.index(each.outcome) if each.outcome in _RANK else len(_RANK),
                -len(each.cells),
            )
        )
        return tuple(found)

    def _advised(self, finding: Finding, well: Sequence[str]) -> Finding:
        """Add to the advice what was tried of it, and which start methods are `well`."""
        mechanism = MECHANISMS[finding.mechanism]
        cells = {(each.cell.environment, each.cell.method) for each in finding.cells}
        cured: dict[str, dict[str, list[str]]] = {}
        for cell, made in self.experiments.items():
            variables = variables_of(made)
            if cell in cells and finding.grade == "confirmed" and (variables or is_cure(made)):
                of = cured.setdefault(variables, {})
                of.setdefault(made.method, []).append(made.environment)
        said = ""
        for variables, methods in cured.items():
            told = f"cures {self._where_cured(methods)}"
            if variables:
                said += f" Or set {variables} in the environment (tried: {told})."
            else:
                said += f" Tried: {told}."
        broken = mechanism.depends_on == "method" and finding.outcome in BROKEN
        well = [method for method in well if method != mechanism.against]
        if well and broken and not {method for _, method in cells} & set(well):
            instead = "Or set" if finding.advice or said else "Set"
            which = "which" if len(well) == 1 else "each of which"
            said += f" {instead} {either(well)} explicitly, {which} was ok wherever it was run."
        return msgspec.structs.replace(finding, advice=f"{finding.advice}{said}".strip())

    def _where_cured(self, methods: Mapping[str, list[str]]) -> str:
        """Name the cells in which a cure was tried, given as environments by method."""
        alike: dict[str, list[str]] = {}
        for name, there in methods.items():
            alike.setdefault(versions(self.environments, there, exact=False), []).append(name)
        return listed([f"{listed(names)} on {pythons}" for pythons, names in alike.items()])

    def _well(self, found: Sequence[Finding]) -> list[str]:
        """Give the start methods whose trials are all ok, and that no note speaks against."""
        against = {MECHANISMS[each.mechanism].against for each in found if each.note}
        against |= {"fork"} if forked_with_threads(self.ran) else set()
        ran = {each.method for each in self.ran} - against
        bad = {
            each.method
            for each in self.ran
            if each.outcome not in WELL or set(each.method_used) - {each.method}
        }
        return [method for method in START_METHODS if method in ran - bad - self.broken]

    # --- what is not ok -------------------------------------------------------------------------

    def _broken(self) -> list[Finding]:
        found: list[tuple[Trial, Cause | None]] = []
        for trial in self.ran:
            if trial.outcome in (*BROKEN, "undecided"):
                cause = self._wrong(trial) if trial.outcome == "wrong" else self._explained(trial)
                found.append((trial, cause or self.rules.first("unknown", self._case(trial))))
        causes = _Causes()
        for trial, cause in found:
            causes.add(_explained_by_another(trial, cause, found) or cause, trial)
        return [self._finding(cause, trials) for cause, trials in causes]

    def _explained(self, trial: Trial) -> Cause | None:
        """Explain a hang, a crash or an error."""
        if trial.outcome not in ("hang", "crash", "error"):
            return None  # undecided
        case = self._case(trial)
        cause = self.rules.first(trial.outcome, case)
        if cause is not None and self._fails_everywhere(trial):
            every = self.rules.every(trial.outcome, case)
            cause = next((each for each in every if not _is_of_import(each)), cause)
        cause = self._why_chosen(trial, cause) if cause is not None and cause.chosen else cause
        return self._confirmed(trial, cause) or cause

    def _confirmed(self, trial: Trial, found: Cause | None = None) -> Cause | None:
        """Give the cause that an experiment in the trial's cell has confirmed, if there was one."""
        made = self._experiment_on(trial)
        if made is None:
            return None
        return confirmed(self._case(trial), made, found)

    def _experiment_on(self, trial: Trial) -> CauseExperiment | None:
        """Give what has confirmed the cause in a trial's cell, or in one that ends just alike.

        Such a one is a cell of the same start method, or one that fails where all do.
        """
        if (trial.environment, trial.method) in self.tried:
            return self.experiments.get((trial.environment, trial.method))
        return next(
            (
                made
                for made in self.experiments.values()
                if made.method == trial.method
                or (made.good is None and made.environment == trial.environment)
                if any(
                    _end(each) == _end(trial)
                    for each in self.ran
                    if (each.environment, each.method) == (made.environment, made.method)
                )
            ),
            None,
        )

    def _fails_everywhere(self, trial: Trial) -> bool:
        """Tell whether the same exception at the same line ends it under fork and elsewhere."""
        every = self.by_environment[trial.environment]
        ends = {(each.exception, each.where) for each in every}
        methods = {method for each in every for method in each.method_used}
        return len(ends) == 1 and trial.exception is not None and {"fork"} < methods

    def _why_chosen(self, trial: Trial, cause: Cause) -> Cause:
        """Explain an end of the program's own choice that is another under some start method."""
        others = [e for e in self.ran if e.outcome in WELL and e.environment == trial.environment]
        if not others:
            return cause
        why = self._why_other(trial, others)
        if why is not None:
            return why[1]._replace(text=f"{why[1].text} In this run the result is: {cause.title}.")
        case = self._case(trial, others, against=self._cells_of(others))
        return self.rules.first("chosen", case) or cause

    def _wrong(self, trial: Trial) -> Cause | None:
        """Explain an output that is not what the user gave."""
        wanted = self.run.header.program.stdout if self.run.header.program else None
        if len({each.output_group for each in self.by_cell[trial.cell]}) > 1:
            race = self.rules.first("race", self._case(trial))
            if race is not None:
                return race
        right = [each for each in self.ran if each.outcome == "ok"]
        why = self._why_other(trial, right, wanted or "")
        cause = None if why is None or self._is_so_under_fork(trial, why[1]) else why[1]
        if cause is None and not right:
            cause = self.rules.first("wrong", self._case(trial))
        return self._confirmed(trial, cause) or cause

    def _is_so_under_fork(self, trial: Trial, cause: Cause) -> bool:
        """Tell whether a forked child prints the same, though the cause is what forks do not do."""
        return _is_of_import(cause) and any(
            each.method_used == ("fork",) and each.output_group == trial.output_group
            for each in self.by_environment[trial.environment]
        )

    # --- what prints something else -------------------------------------------------------------

    def _differing(self) -> list[Finding]:
        """Compare the outputs of the trials that ended well."""
        ok = [trial for trial in self.ran if trial.outcome in WELL]
        groups = _by_group(ok)
        program = self.run.header.program
        if len(groups) < 2 or (program is not None and program.stdout is not None):
            return []  # what the user said is right tells more
        unstable = [
            cell
            for cell, trials in self.by_cell.items()
            if len({each.output_group for each in trials if each.outcome in WELL}) > 1
        ]
        if unstable:
            return self._unstable(ok, unstable)
        differing = [trial for trial in ok if trial.outcome == "differs"]
        if not differing:
            return self._by_python(ok, groups)
        groups = _by_group(differing)
        race = self.rules.first("race", self._case(ok[0])) if len(groups) > 2 else None
        if race is not None:
            return [self._finding(race, ok, self._lines(groups))]
        found = self._why_not_alike(ok)
        lost = {id(trial): why for _, why, trial in found if MECHANISMS[why.mechanism].loses}
        sure = [
            (0, why, each)
            for each in differing
            if (why := self._confirmed(each, lost.get(id(each))))
        ]
        found = sure or found
        known = {id(trial) for _, _, trial in found}
        usual = {trial.output_group for trial in ok if id(trial) not in known}
        # Who prints what others print without a reason needs none either.
        found = [each for each in found if each[2].output_group not in usual] or found
        explained = {trial.output_group for _, _, trial in found}
        if explained == set(groups):  # one side needs no explanation: that of the weakest
            strongest = min(rank for rank, _, _ in found)
            found = [each for each in found if each[0] == strongest]
        return [
            self._finding(cause, trials, self._lines(groups))
            for cause, trials in _by_cause(found, differing)
        ] or self._unlike(differing, groups)

    def _why_not_alike(self, ok: Sequence[Trial]) -> list[tuple[int, Cause, Trial]]:
        """Explain each trial that does not print what others of its environment do."""
        found: list[tuple[int, Cause, Trial]] = []
        for trial in ok:
            others = [
                each
                for each in ok
                if each.output_group != trial.output_group and each.environment == trial.environment
            ]
            if others and (why := self._why_other(trial, others)) is not None:
                found.append((*why, trial))
        return found

    def _unlike(
        self, differing: Sequence[Trial], groups: Mapping[str, Sequence[Trial]]
    ) -> list[Finding]:
        """Say that outputs differ, of which it is not known why, and which is right."""
        case = self._case(differing[0], outputs=self._outputs(groups))
        cause = self.rules.first("unlike", case)
        return [self._finding(cause, differing, self._lines(groups), head="")] if cause else []

    def _by_python(
        self, ok: Sequence[Trial], groups: Mapping[str, Sequence[Trial]]
    ) -> list[Finding]:
        """Tell of outputs that differ from one Python to another, and within none of them."""
        cause = self.rules.first("python", self._case(ok[0], outputs=self._outputs(groups)))
        most = max(map(len, groups.values()))
        usual = next(key for key, trials in groups.items() if len(trials) == most)
        told = [each for each in ok if each.output_group != usual]
        return [self._finding(cause, told)] if cause else []

    def _outputs(self, groups: Mapping[str, Sequence[Trial]]) -> Outputs:
        every = tuple(groups.values())
        return Outputs(
            every,
            tuple(map(self._cells_of, every)),
            tuple(versions(self.environments, {e.environment for e in each}) for each in every),
        )

    def _unstable(self, ok: Sequence[Trial], unstable: Sequence[Cell]) -> list[Finding]:
        """Tell of cells whose trials do not print the same."""
        trials = self.by_cell[unstable[0]]
        one = trials[0]
        two = next(each for each in trials if each.output_group != one.output_group)
        lines = compare(one.stdout, two.stdout)
        text = (
            f" Of two trials of {_cell(one.cell)}, one printed {or_nothing(lines.only_first)}, "
            f"the other {or_nothing(lines.only_second)}."
        )
        groups = len({trial.output_group for trial in ok})
        text += f" There were {groups} different outputs in {len(ok)} trials."
        failed = [trial for trial in ok if has_failed_child(trial)]
        if failed and (cause := self.rules.first("unseen", self._case(failed[0]))):
            return [self._finding(cause, failed, text)]
        cause = self._confirmed(one) or self.rules.first("unstable", self._case(one))
        if cause is None:
            return []
        race = MECHANISMS[cause.mechanism].race
        told = ok if race else [trial for cell in unstable for trial in self.by_cell[cell]]
        return [self._finding(cause, told, text)]

    def _why_other(
        self, trial: Trial, others: Sequence[Trial], wanted: str = ""
    ) -> tuple[int, Cause] | None:
        """Explain by a trial's own clues why it does not print what `others` do, or `wanted`.

        The lower the number, the stronger.
        """
        lines = compare(_told_by(trial), _told_by(others[0]) if others else wanted)
        if not any(lines) and trial.outcome != "error":
            return None  # only what was left out of the middle differs
        return self.rules.ranked("output", self._case(trial, others, lines=lines))

    def _lines(self, groups: Mapping[str, Sequence[Trial]]) -> str:
        """Say in which lines the outputs differ, from the side of each two groups."""
        every = list(groups.values())
        first = every[0]
        parts = []
        for other in every[1:3]:
            lines = compare(first[0].stdout, other[0].stdout)
            here, there = self._cells_of(first), self._cells_of(other)
            parts.append(
                f" Only {prints([here])} {or_nothing(lines.only_first)}; only {prints([there])} "
                f"{or_nothing(lines.only_second)}."
            )
        if len(every) > 3:
            parts.append(f" There are {len(every)} different outputs.")
        failed = [trials for trials in every if any(map(has_failed_child, trials))]
        if 0 < len(failed) < len(every):
            wrong = self._cells_of([trial for trials in failed for trial in trials])
            return "".join(parts) + f" A child fails under {wrong}: that output is the wrong one."
        return "".join(parts) + " Startlab cannot tell which is right without --expect-stdout."

    # --- what no outcome shows ------------------------------------------------------------------

    def _unseen(self) -> list[Finding]:
        """Tell of exceptions in children that the exit status does not show."""
        ok = [trial for trial in self.ran if trial.outcome == "ok"]
        if any(trial.outcome == "differs" for trial in self.ran):
            return []  # then that is told as the cause of it
        causes = _Causes()
        for trial in ok:
            causes.add(self.rules.first("unseen", self._case(trial)), trial)
        verb = "goes on after an exception"
        return [self._finding(cause, trials, verb=verb) for cause, trials in causes]

    def _notes(self) -> list[Finding]:
        """Tell of what is harmless here and now."""
        causes = _Causes()
        for trial in self.ran:
            case = self._case(trial)
            found = self.rules.every("any", case)
            if trial.outcome in WELL:
                found += self.rules.every("ok", case)
            for cause in found:
                causes.add(cause, trial)
        return [self._finding(cause, trials, note=True) for cause, trials in causes]

    # --- one finding ----------------------------------------------------------------------------

    def _finding(
        self,
        cause: Cause,
        trials: Sequence[Trial],
        more: str = "",
        *,
        note: bool = False,
        verb: str = "",
        head: str | None = None,
    ) -> Finding:
        outcomes = sorted({trial.outcome for trial in trials}, key=_RANK.index)
        counts = Counter({id(trial): trial.cell for trial in trials}.values())
        cells = tuple(
            Explained(cell=cell, count=count, of=len(self.by_cell[cell]))
            for cell in self.by_cell
            if (count := counts[cell])
        )
        mechanism = MECHANISMS[cause.mechanism]
        verb = "loses data" if mechanism.loses and outcomes == ["ok"] else verb
        verb = verb or " or ".join(_VERB[outcome] for outcome in outcomes)
        own_head = head is not None
        if head is None:
            under = "under" if note else f"{verb} under"
            head = f"{under.capitalize()} {self._cells_of(trials)}: "
        text = f"{cause.text}{more}"
        if not note and not own_head:
            text += _mixed(cells, self.by_cell)
        if not mechanism.explains and not note:
            told = {(each.cell.environment, each.cell.method) for each in cells}
            vain = [each for each in self.in_vain if (each.environment, each.method) in told]
            text += "".join(rejected(each) for each in vain[:1])
        where = cause.where or None
        return Finding(
            mechanism=cause.mechanism,
            outcome=outcomes[0],
            title=f"{head}{cause.title}",
            cause=cause.title,
            text=text.strip(),
            where=where,
            code=self.sources.code(where),
            lines=self.sources.around(where),
            cells=cells,
            advice=f"{cause.advice} {mechanism.advice}".strip(),
            experiment=mechanism.experiment,
            note=note,
            grade=cause.grade or _grade(mechanism),
        )

    def _cells_of(self, trials: Iterable[Trial]) -> str:
        """Name cells by their methods, and by their Pythons where not all have it."""
        methods: dict[str, list[str]] = {}
        for cell in self.by_cell:
            if any(trial.cell == cell for trial in trials):
                methods.setdefault(cell.method, []).append(cell.environment)
        every: dict[str, list[str]] = {}
        for cell in self.by_cell:
            every.setdefault(cell.method, []).append(cell.environment)
        order = [*START_METHODS, "default"]
        told: dict[str, list[str]] = {}
        for method in sorted(methods, key=order.index):
            partly = methods[method] != every[method]
            on = f" on Python {versions(self.environments, methods[method])}" if partly else ""
            told.setdefault(on, []).append(method)
        if list(told) == [""] and len(told[""]) == len(every) > 1 and set(every) >= self.methods:
            return "every start method"
        return ", and ".join(f"{listed(names)}{on}" for on, names in told.items())


def _end(trial: Trial) -> tuple[object, ...]:
    """Give how a trial ended: what is alike in this may have one cause."""
    raised = trial.exception.type if trial.exception else None
    return trial.outcome, raised, trial.where, trial.output_group


def _explained_by_another(
    trial: Trial, cause: Cause | None, found: Sequence[tuple[Trial, Cause | None]]
) -> Cause | None:
    """Give the cause of a trial of the same cell that ended alike, where there is but a symptom.

    What tells the cause is not seen each time: a thread may be between two waits.
    """
    if cause is None or not _is_symptom(cause):
        return None
    ended = trial.outcome, trial.exception and trial.exception.type
    return next(
        (
            other
            for each, other in found
            if each.cell == trial.cell and other is not None and not _is_symptom(other)
            if (each.outcome, each.exception and each.exception.type) == ended
        ),
        None,
    )


def _is_symptom(cause: Cause) -> bool:
    mechanism = MECHANISMS[cause.mechanism]
    return mechanism.symptom or not mechanism.explains


def _is_of_import(cause: Cause) -> bool:
    return MECHANISMS[cause.mechanism].imported


def _grade(mechanism: Mechanism) -> FindingGrade:
    if not mechanism.explains:
        return "unknown"
    return "shown" if mechanism.shown else "suspected"


def _by_group(trials: Iterable[Trial]) -> dict[str, list[Trial]]:
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.output_group or "", []).append(trial)
    return groups


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


def _told_by(trial: Trial) -> str:
    """Give what a trial has printed; of one that fails, what it says of it too."""
    return f"{trial.stdout}\n{trial.reason}" if trial.outcome == "error" else trial.stdout


def _mixed(cells: Sequence[Explained], by_cell: Mapping[Cell, Sequence[Trial]]) -> str:
    """Tell of cells whose trials disagree."""
    parts = []
    for each in cells:
        outcomes = Counter(trial.outcome for trial in by_cell[each.cell])
        if len(outcomes) > 1:
            told = ", ".join(f"{name} {count} of {each.of}" for name, count in outcomes.items())
            parts.append(f"{_cell(each.cell)}: {told}")
    return f" Trials disagree: {'; '.join(parts)}." if parts else ""


def _cell(cell: Cell) -> str:
    return f"{cell.environment} × {cell.method}"

"""Outcomes of many cells → causes, each told once, with place and cure; and the answer.

A cause is found for each trial by itself, by `causes`; trials with the same cause are one finding.
Where all trials are ok, but do not print the same, the outputs are compared here.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from packaging.version import Version

from startlab.diagnosis.answer import answer, beyond
from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import listed, prints, versions
from startlab.diagnosis.rule import ADVICE, Advice
from startlab.diagnosis.rules.crash import died_by_signal
from startlab.diagnosis.rules.exit_status import own_exit_status
from startlab.diagnosis.rules.hash_seed import hash_seed
from startlab.diagnosis.rules.kept_by_child import kept_by_child
from startlab.diagnosis.rules.manager_copy import manager_copy
from startlab.diagnosis.second_look import DIFFERING, explain, given_up, unseen
from startlab.diagnosis.source.shared_data import lost_updates
from startlab.diagnosis.source.sources import Sources
from startlab.diagnosis.stacks import own_line
from startlab.model import START_METHODS, Explained, Finding
from startlab.output.compare import compare, loose, quoted
from startlab.output.tracebacks import first_line
from startlab.results.output_groups import grouped
from startlab.results.summary import WELL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from startlab.model import Cell, Clue, Outcome, Run, Trial
    from startlab.output.compare import Difference

    _Rule = Callable[[Case, Difference], Cause | None]

__all__ = ["answer", "beyond", "find"]

BROKEN: Final[tuple[Outcome, ...]] = ("hang", "crash", "error", "wrong")
"""Outcomes that a person must do something about."""

FORK_WARNS: Final = Version("3.12")
"""From here on a fork of a process with several threads warns (gh-100228)."""

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


def find(run: Run) -> tuple[Finding, ...]:
    """Find the causes of all that is not as it should be, the most important first.

    Notes, about what is harmless here and now, come last.
    """
    if run.header.program is None:
        return ()
    return _Finder(run).find()


class _Finder:
    """One run of a program."""

    def __init__(self, run: Run) -> None:
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

    def find(self) -> tuple[Finding, ...]:
        found = [*self._broken(), *self._differing(), *self._unseen()]
        told = {(each.mechanism, each.where) for each in found}
        found += [each for each in self._notes() if (each.mechanism, each.where) not in told]
        found.sort(
            key=lambda each: (
                each.note,
                _RANK.index(each.outcome) if each.outcome in _RANK else len(_RANK),
                -len(each.cells),
            )
        )
        return tuple(found)

    # --- what is not ok -------------------------------------------------------------------------

    def _broken(self) -> list[Finding]:
        causes: dict[tuple[str, str], tuple[Cause, list[Trial]]] = {}
        for trial in self.ran:
            if trial.outcome not in (*BROKEN, "undecided"):
                continue
            cause = self._wrong(trial) if trial.outcome == "wrong" else None
            cause = cause or explain(Case(trial, self.sources))
            if cause.mechanism == "global_differs" and self._ends_so_anyway(trial):
                cause = own_exit_status(Case(trial, self.sources)) or cause
            if cause.mechanism == "native_after_fork" and self._dies_so_anyway(trial, cause):
                cause = died_by_signal(Case(trial, self.sources))
            if cause.mechanism == "exit_status" or self._checks_itself(trial, cause):
                cause = self._other_end(trial, cause)
            causes.setdefault(cause[:2], (cause, []))[1].append(trial)
        return [self._finding(cause, trials) for cause, trials in causes.values()]

    def _ends_so_anyway(self, trial: Trial) -> bool:
        """Tell whether an exit status is the same where children have all that their parent has."""
        return trial.exception is None and any(
            each.environment == trial.environment
            and (each.outcome, each.exit_status) == (trial.outcome, trial.exit_status)
            and each.outcome == "error"
            and not Case(each, self.sources).clues("global")
            for each in self.ran
        )

    def _dies_so_anyway(self, trial: Trial, cause: Cause) -> bool:
        """Tell whether a child dies at the same line where it is no fork of the program."""
        return any(
            each.environment == trial.environment
            and each.outcome == "crash"
            and each.method_used == ("spawn",)
            and died_by_signal(Case(each, self.sources)).where == cause.where
            for each in self.ran
        )

    def _checks_itself(self, trial: Trial, cause: Cause) -> bool:
        """Tell whether it is the program's own check that fails, in its first process."""
        code = self.sources.code(cause.where)
        checks = code.startswith(("assert ", "assert(", "raise "))
        return cause.mechanism == "exception" and cause.where == trial.where and checks

    def _other_end(self, trial: Trial, cause: Cause) -> Cause:
        """Explain an end of the program's own choice that is another under some start method."""
        others = [e for e in self.ran if e.outcome in WELL and e.environment == trial.environment]
        if not others:
            return cause
        why = self._why_other(trial, others)
        if why is not None:
            return why[1]._replace(text=f"{why[1].text} In this run the result is: {cause.title}.")
        if trial.exception is not None:
            return cause
        lines = compare(trial.stdout, others[0].stdout)
        text = f"There is no traceback. Under {self._cells_of(others)} it ends with 0"
        text += f", and prints {quoted(lines.only_second)}" if lines.only_second else ""
        text += f"; here it prints {quoted(lines.only_first)}" if lines.only_first else ""
        return cause._replace(mechanism="exit_status_differs", text=f"{text}.")

    def _wrong(self, trial: Trial) -> Cause | None:
        """Explain an output that is not what the user gave."""
        wanted = self.run.header.program.stdout if self.run.header.program else None
        if len({each.output_group for each in self.by_cell[trial.cell]}) > 1:
            lost = self._lost_update()
            if lost is not None:
                return lost
        right = [each for each in self.ran if each.outcome == "ok"]
        why = self._why_other(trial, right, wanted or "")
        if why is not None:
            return why[1]
        lost = (
            None
            if right
            else (
                self._lost_update()
                or manager_copy(Case(trial, self.sources))
                or kept_by_child(Case(trial, self.sources))
            )
        )
        return lost or Cause("wrong_output", trial.reason, trial.reason, where=trial.where)

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
            return [self._unstable(ok, unstable)]
        differing = [trial for trial in ok if trial.outcome == "differs"]
        if not differing:
            return [self._by_python(ok)]
        groups = _by_group(differing)
        lost = self._lost_update() if len(groups) > 2 else None
        if lost is not None:
            return [self._finding(lost, ok, self._lines(groups))]
        found = self._why_not_alike(ok)
        known = {id(trial) for _, _, trial in found}
        usual = {trial.output_group for trial in ok if id(trial) not in known}
        # Who prints what others print without a reason needs none either.
        found = [each for each in found if each[2].output_group not in usual] or found
        explained = {trial.output_group for _, _, trial in found}
        if explained == set(groups):  # one side needs no explanation: that of the weakest
            strongest = min(rank for rank, _, _ in found)
            found = [each for each in found if each[0] == strongest]
        if not found:
            return [self._unexplained(differing, groups)]
        return [
            self._finding(cause, trials, self._lines(groups))
            for cause, trials in _by_cause(found, differing)
        ]

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

    def _unexplained(
        self, differing: Sequence[Trial], groups: Mapping[str, Sequence[Trial]]
    ) -> Finding:
        """Say that outputs differ, of which nobody knows why, and which is right."""
        one, *others = (self._cells_of(trials) for trials in groups.values())
        against = f"Prints different output under {one}"
        if others:  # else the journal has not what the others print
            against += f" than under {listed(others)}"
        cause = Cause("output_differs", "", against)
        return self._finding(cause, differing, self._lines(groups), head="")

    def _by_python(self, ok: Sequence[Trial]) -> Finding:
        """Tell of outputs that differ from one Python to another, and within none of them."""
        groups = _by_group(ok)
        names = [
            versions(self.environments, {each.environment for each in trials})
            for trials in groups.values()
        ]
        one, two, *_ = groups.values()
        lines = compare(one[0].stdout, two[0].stdout)
        cause = Cause(
            "output_by_python",
            "",
            "its output depends on the Python, not on the start method",
            f"Only Python {names[0]} prints {_or_nothing(lines.only_first)}; only Python {names[1]}"
            f" prints {_or_nothing(lines.only_second)}. Startlab cannot tell which is right "
            "without --expect-stdout.",
        )
        most = max(map(len, groups.values()))
        usual = next(key for key, trials in groups.items() if len(trials) == most)
        return self._finding(cause, [each for each in ok if each.output_group != usual])

    def _unstable(self, ok: Sequence[Trial], unstable: Sequence[Cell]) -> Finding:
        first = Case(self.by_cell[unstable[0]][0], self.sources)
        cause = (
            self._lost_update()
            or hash_seed(first)
            or Cause(
                "unstable_output",
                "",
                "the output is not the same from one trial of a cell to the next",
                "startlab cannot tell whether that is meant: a race, a random number, a time. With "
                "--expect-stdout it can.",
            )
        )
        trials = [self.by_cell[unstable[0]][0], *self.by_cell[unstable[0]][1:]]
        one = trials[0]
        two = next(each for each in trials if each.output_group != one.output_group)
        lines = compare(one.stdout, two.stdout)
        text = (
            f" Of two trials of {_cell(one.cell)}, one printed {_or_nothing(lines.only_first)}, "
            f"the other {_or_nothing(lines.only_second)}."
        )
        groups = len({trial.output_group for trial in ok})
        text += f" There were {groups} different outputs in {len(ok)} trials."
        cells = list(ok) if cause.mechanism == "lost_update" else [
            trial for cell in unstable for trial in self.by_cell[cell]
        ]  # fmt: skip
        return self._finding(cause, cells, text)

    def _lost_update(self) -> Cause | None:
        lines = lost_updates(self.sources.file(self.sources.main))
        if not lines:
            return None
        where = f"{self.sources.main}:{lines[0]}"
        return Cause(
            "lost_update",
            where,
            f"updates are lost at {where}, which reads and writes in two steps, without the lock",
            f"`{self.sources.code(where)}` first reads the value and then writes it. What another "
            "process has written in between is lost. How much that is differs from trial to trial.",
            where,
        )

    def _why_other(
        self, trial: Trial, others: Sequence[Trial], wanted: str = ""
    ) -> tuple[int, Cause] | None:
        """Explain by a trial's own clues why it does not print what `others` do, or `wanted`.

        A clue that all others have too explains nothing. The lower the number, the stronger.
        """
        case = Case(trial, self.sources)
        whole = [Case(each, self.sources) for each in others]
        lines = compare(_told_by(trial), _told_by(others[0]) if others else wanted)
        if not any(lines) and trial.outcome != "error":
            return None  # only what was left out of the middle differs
        for rank, (kinds, rule) in enumerate(DIFFERING):
            if kinds and whole and all(any(map(each.clues, kinds)) for each in whole):
                continue
            cause = rule(case, lines)
            if cause is not None:
                return rank, cause
        return None

    def _lines(self, groups: Mapping[str, Sequence[Trial]]) -> str:
        """Say in which lines the outputs differ, from the side of each two groups."""
        every = list(groups.values())
        first = every[0]
        parts = []
        for other in every[1:3]:
            lines = compare(first[0].stdout, other[0].stdout)
            here, there = self._cells_of(first), self._cells_of(other)
            parts.append(
                f" Only {prints([here])} {_or_nothing(lines.only_first)}; only {prints([there])} "
                f"{_or_nothing(lines.only_second)}."
            )
        if len(every) > 3:
            parts.append(f" There are {len(every)} different outputs.")
        return "".join(parts) + " Startlab cannot tell which is right without --expect-stdout."

    # --- notes ----------------------------------------------------------------------------------

    def _notes(self) -> list[Finding]:
        found: dict[tuple[str, str], tuple[Cause, list[Trial]]] = {}
        for trial in self.ran:
            case = Case(trial, self.sources)
            causes = (*_pins(case), *self._warnings(case), *self._passed_over(case), *_silent(case))
            for cause in causes:
                found.setdefault(cause[:2], (cause, []))[1].append(trial)
        return [
            self._finding(cause, trials, note=True) for cause, trials in found.values()
        ] + self._lost_log_lines()

    def _warnings(self, case: Case) -> list[Cause]:
        """Tell of forks of a process with several threads, of which Python 3.12 and later warn."""
        trial = case.trial
        environment = self.environments.get(trial.environment)
        if trial.outcome not in WELL or environment is None or "fork" not in trial.method_used:
            return []
        if Version(environment.python) < FORK_WARNS:
            return []
        threads = [clue for clue in case.clues("thread at fork") if clue.where]
        native = [clue for clue in case.clues("native threads at fork") if clue.parent]
        if not threads and not native:
            return []
        main = [f"the main thread at {t.where}" for t in threads if t.name == "MainThread"]
        who = main or [f'thread "{each.name}" at {each.where}' for each in threads[:2]]
        who += [f"{each.name} threads of {each.parent}" for each in native[:1]]
        return [
            Cause(
                "fork_with_threads",
                " ".join(who),
                f"a process is forked while it has {' and '.join(who)}"
                + (", by another thread (a pool's, which replaces a worker?)" if main else ""),
                "Python 3.12 and later have a DeprecationWarning for that, which the default "
                "filters hide: a lock that such a thread holds at that moment stays held in the "
                "child forever.",
                threads[0].where if threads else None,
            )
        ]

    def _unseen(self) -> list[Finding]:
        """Tell of exceptions in children that the exit status does not show."""
        if any(trial.outcome == "differs" for trial in self.ran):
            return []  # then that is told as the cause of it
        found: dict[tuple[str, str], tuple[Cause, list[Trial]]] = {}
        for trial in self.ran:
            cause = None
            if trial.outcome == "ok":
                cause = unseen(Case(trial, self.sources))
            if cause is not None:
                found.setdefault(cause[:2], (cause, []))[1].append(trial)
        return [
            self._finding(cause, trials, verb="goes on after an exception")
            for cause, trials in found.values()
        ]

    def _passed_over(self, case: Case) -> list[Cause]:
        """Tell of exceptions in threads and destructors, after which Python goes on."""
        if case.trial.outcome not in WELL:
            return []
        found = []
        for traceback in case.tracebacks:
            where = own_line(traceback.frames)
            if traceback.child or not traceback.passing or where is None:
                continue  # one without those words was caught, and printed on purpose
            said = f"{traceback.exception.type}: {first_line(traceback.exception.message)}"
            found.append(
                Cause(
                    "passed_over",
                    f"{traceback.exception.type} {where}",
                    f"a thread or a destructor raises {said} at {where}",
                    "Python prints it and goes on.",
                    where,
                )
            )
        return found[:3]

    def _lost_log_lines(self) -> list[Finding]:
        """Compare what was logged to stderr under the start methods of each environment."""
        found: list[Trial] = []
        lines: list[str] = []
        for environment in self.environments:
            trials = [
                trials[0]
                for cell, trials in self.by_cell.items()
                if cell.environment == environment and trials[0].outcome in WELL
            ]
            for trial in trials:
                if not self._logging(trial):
                    continue
                whole = [
                    each
                    for each in trials
                    if each.output_group == trial.output_group and not self._logging(each)
                ]
                for other in whole[:1]:
                    lost = compare(loose(other.stderr), loose(trial.stderr)).only_first
                    if lost:
                        found.append(trial)
                        lines = lines or list(lost)
        if not found:
            return []
        clue = self._logging(found[0])[0]
        logger = "the root logger" if clue.kind == "logging" else f"`{clue.name}`"
        where = self._line_of(r"basicConfig|addHandler|dictConfig|fileConfig|setLevel")
        cause = Cause(
            "logging_differs",
            "",
            "log output of the children is lost"
            + (f": logging is configured at {where}, which they never execute" if where else ""),
            f"In the parent {logger} is {clue.parent}, in the children "
            f"{clue.child or 'as it is by default'}. Lost are, numbers left out, {quoted(lines)}.",
            where,
        )
        return [self._finding(cause, found, note=True)]

    def _logging(self, trial: Trial) -> list[Clue]:
        case = Case(trial, self.sources)
        named = [clue for clue in case.clues("setting") if clue.name.startswith("logging.")]
        return [*case.clues("logging"), *named]

    def _line_of(self, pattern: str) -> str | None:
        line = self.sources.file(self.sources.main).mentions(pattern)
        return f"{self.sources.main}:{line}" if line else None

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
        do = ADVICE.get(cause.mechanism, Advice(""))
        verb = verb or " or ".join(_VERB[outcome] for outcome in outcomes)
        if head is None:
            under = "under" if note else f"{verb} under"
            head = f"{under.capitalize()} {self._cells_of(trials)}: "
        text = f"{cause.text}{more}"
        if not note and cause.mechanism != "output_differs":
            text += _mixed(cells, self.by_cell)
        where = cause.where or None
        return Finding(
            mechanism=cause.mechanism,
            outcome=outcomes[0],
            title=f"{head}{cause.title}",
            text=text.strip(),
            where=where,
            code=self.sources.code(where),
            lines=self.sources.around(where),
            cells=cells,
            advice=do.do,
            experiment=do.experiment,
            note=note,
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


def _by_group(trials: Iterable[Trial]) -> dict[str, list[Trial]]:
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.output_group or "", []).append(trial)
    return groups


def _by_cause(
    found: Sequence[tuple[int, Cause, Trial]], differing: Iterable[Trial]
) -> Iterable[tuple[Cause, list[Trial]]]:
    """Put together what has one cause, with what prints the same but has no clue of it."""
    causes: dict[tuple[str, str], tuple[Cause, list[Trial]]] = {}
    of_group: dict[str | None, list[Trial]] = {}
    for _, cause, trial in found:
        trials = causes.setdefault(cause[:2], (cause, []))[1]
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


def _or_nothing(lines: Sequence[str]) -> str:
    return quoted(lines) if lines else "nothing else"


def _silent(case: Case) -> list[Cause]:
    """Tell of what no cell shows by its outcome: lost changes, children that were given up."""
    causes = (manager_copy(case), given_up(case)) if case.trial.outcome in WELL else ()
    return [cause for cause in causes if cause]


def _pins(case: Case) -> list[Cause]:
    """Tell of a method that the program chose itself, where that is not what was asked for."""
    trial = case.trial
    if trial.method == "default" or set(trial.method_used) <= {trial.method}:
        return []
    clues = [c for c in case.clues("pinned") if c.name in trial.method_used] or case.clues("pinned")
    methods = " and ".join(trial.method_used)
    if not clues:
        where = next((s.where for s in trial.starts if s.method in trial.method_used), None)
        return [Cause("pinned", methods, f"{methods} was used, whatever was asked for", "", where)]
    clue = clues[0]
    return [
        Cause(
            "pinned",
            f"{clue.name} {clue.where}",
            f"the program itself chooses {methods}, by {clue.parent}() at {clue.where}",
            "What was run is that, whatever the column says.",
            clue.where,
        )
    ]

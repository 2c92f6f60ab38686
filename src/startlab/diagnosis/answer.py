"""The last line of a report: under which start methods the program is safe, and where it breaks.

It speaks of what was run, and of nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from packaging.version import Version

from startlab.diagnosis.case import forked_with_threads
from startlab.diagnosis.phrases import either, listed, sentence, versions
from startlab.diagnosis.rules import MECHANISMS
from startlab.diagnosis.suites import is_suite
from startlab.model import START_METHODS
from startlab.results.output_groups import grouped
from startlab.results.trials import cells_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from startlab.diagnosis.rule import Mechanism
    from startlab.model import Cell, Environment, Finding, Run

LONGEST: Final = 100
"""Characters of an answer: one line, read at a glance."""

LONGEST_VERSIONS: Final = 26
"""Characters of a list of Pythons in an answer; of a longer one only their number is told."""

FORKSERVER_DEFAULT: Final = Version("3.14")
"""From here on forkserver, and no longer fork, is the default on Linux (gh-84559)."""

PLATFORMS: Final = {"linux": "Linux", "win32": "Windows", "darwin": "macOS"}

NEAREST: Final = "wine-3.12"
"""What comes nearest to Windows where there is Docker."""

_Part = tuple[str, ...]
"""A part of the answer, and shorter ones to take where it does not fit."""


def answer(run: Run, findings: Sequence[Finding]) -> str:
    """Answer in one line of at most 100 characters where the program is safe, and where not."""
    return _Answer(run, findings).line()


def beyond(run: Run) -> str | None:
    """Say which platforms were not tried, and whether forkserver was the default anywhere."""
    ran = [each.environment for each in run.environments if each.environment]
    if not ran:
        return None
    there = {each.sys_platform for each in ran if not each.wine}
    untried = [_untried(key, ran) for key in PLATFORMS if key not in there]
    if all(Version(each.python) < FORKSERVER_DEFAULT for each in ran):
        untried.append("Python 3.14 (default on Linux: forkserver)")
    return f"Not tried: {listed(untried)}." if untried else None


def _untried(platform: str, ran: Sequence[Environment]) -> str:
    name = PLATFORMS[platform]
    if platform != "win32":
        return name
    if any(each.wine for each in ran):
        return f"{name} itself"
    if any(each.backend == "docker" for each in ran):
        return f"{name} (--env {NEAREST} comes close)"
    return name


def _platform(environment: Environment) -> str:
    name = PLATFORMS.get(environment.sys_platform, environment.sys_platform)
    return f"{name} (seen under Wine)" if environment.wine else name


def _joined(first: _Part, second: _Part, room: int) -> str | None:
    """Join two parts, as little shortened as they fit together; None if they do not."""
    fitting = [
        (at + also_at, at, said)
        for at, each in enumerate(first)
        for also_at, also in enumerate(second)
        if len(said := f"{each}; {also}") <= room
    ]
    return min(fitting)[-1] if fitting else None


def _verb(findings: Sequence[Finding]) -> str:
    return "Children fail" if all(each.outcome == "ok" for each in findings) else "Breaks"


class _Answer:
    """What each start method came to, over all environments."""

    def __init__(self, run: Run, findings: Sequence[Finding]) -> None:
        told = [(each, MECHANISMS[each.mechanism]) for each in findings]
        harm = [(each, of.depends_on) for each, of in told if not each.note]
        self._real = [each for each, on in harm if on == "method"]
        self._by_platform = [each for each, on in harm if on == "platform"]
        self._by_python = any(on == "python" for _, on in harm)
        self._notes = [each for each, of in told if each.note and of.explains]
        self._environments = {
            each.name: each.environment for each in run.environments if each.environment
        }
        self._trials = [
            trial
            for trial in grouped(run).trials
            if trial.outcome not in ("unsupported", "unavailable")
        ]
        self._lacking = self._where_it_cannot_run(told)
        self._trials = [each for each in self._trials if each.environment not in self._lacking]
        self._real = [
            each
            for each in self._real
            if any(found.cell.environment not in self._lacking for found in each.cells)
        ]
        self._bad = {each.cell for finding in self._real for each in finding.cells}
        of_platform = {each.cell for finding in self._by_platform for each in finding.cells}
        self._trials = [each for each in self._trials if each.cell not in of_platform - self._bad]
        self._cells = {trial.cell for trial in self._trials}
        self._tests = {cell.experiment for cell in self._cells} if is_suite(run) else set()
        self._bad &= self._cells
        self._tried = [m for m in (*START_METHODS, "default") if self._cells_of(m)]
        self._missing = len(set(run.planned) - set(cells_of(run.trials)))
        self._not_run = self._unavailable(run)

    def _where_it_cannot_run(self, told: Sequence[tuple[Finding, Mechanism]]) -> set[str]:
        """Name the environments in which the program has come to no start method at all."""
        cells = {found.cell for each, of in told if of.cannot_run for found in each.cells}
        others = {trial.environment for trial in self._trials if trial.cell not in cells}
        return {cell.environment for cell in cells} - others

    def _unavailable(self, run: Run) -> int:
        """Count the cells that could not be run in environments that are there."""
        ran = {trial.cell for trial in self._trials}
        not_run = {trial.cell for trial in run.trials if trial.outcome == "unavailable"} - ran
        return sum(cell.environment in self._environments for cell in not_run)

    def line(self) -> str:
        if not self._trials:
            if self._by_platform:
                return sentence(self._breaks_on_a_platform())
            missing = "Nothing could be tried: what the program imports is not installed."
            return missing if self._lacking else "Nothing could be run."
        head, *rest = self._verdict()
        also = f"; {self._breaks_on_a_platform()}" if self._by_platform else ""
        also += "; its output depends on the Python" if self._by_python else ""
        if self._lacking:
            also += f"; what it imports is missing{self._on(self._lacking)}"
        if self._missing:
            also += f"; {self._missing} cell{' is' if self._missing == 1 else 's are'} missing"
        if self._not_run:
            also += f"; {self._not_run} cell{'s' if self._not_run > 1 else ''} could not be run"
        room = LONGEST - len(f"{also}.")
        said = next((each for each in head if len(each) <= room), head[-1])
        # The place to fix is worth shorter words, but for the counts of a suite.
        whole = head if self._bad and not self._tests else (said,)
        for part in rest:
            said = _joined(whole, part, room) or said
            whole = (said,)
        return f"{said}{also}."

    def _verdict(self) -> list[_Part]:
        if not self._bad:
            return self._safe()
        if not any(MECHANISMS[each.mechanism].explains for each in self._real):
            return self._unexplained()
        if chosen := self._chosen():
            return [
                (
                    f"Breaks under {chosen}, which the program itself chooses",
                    f"Breaks under {chosen}",
                ),
                self._fix(()),
            ]
        broken = [m for m in self._tried if self._cells_of(m) & self._bad]
        safe = [m for m in self._tried if m not in broken]
        if self._tests or not safe:
            return self._of_tests() if self._tests else self._broken_throughout()
        loses = self._loses()  # where nothing was seen of it, it may be lost all the same
        fix = self._fix(() if loses else safe)
        if all(each.outcome == "differs" for each in self._real):
            other = f"{safe[0]}'s" if len(safe) == 1 else f"that under {listed(safe)}"
            on = self._partly()
            return [
                (
                    f"Output under {self._named(broken)}{on} differs from {other}",
                    f"Output differs under {self._named(broken)}{on}",
                    f"Output differs under {listed(broken)}",
                ),
                fix,
            ]
        where = f"{listed(broken)}{self._partly()}"
        said = (
            f"{self._verb()} under {self._named(broken)}{self._partly()}, not {either(safe)}",
            f"{self._verb()} under {self._named(broken)}{self._partly()}",
            f"{self._verb()} under {where}",
            f"{self._verb()} under {listed(broken)}",
        )
        return [said[2:] if loses else said, fix]

    def _of_tests(self) -> list[_Part]:
        """Count the tests that break under each start method; those that break most come first.

        One that fails wherever it ran is no start method's fault.
        """
        broken = {cell.experiment for cell in self._bad}
        anyway = broken - {cell.experiment for cell in self._cells - self._bad}
        if len(self._tried) == 1:
            anyway = set()
        methods: dict[int, list[str]] = {}
        for method in self._tried:
            bad = {cell.experiment for cell in self._cells_of(method) & self._bad}
            methods.setdefault(len(bad - anyway), []).append(method)
        of = f"of {len(self._tests)} test{'s' if len(self._tests) > 1 else ''}"
        fail = "fails wherever it ran" if len(anyway) == 1 else "fail wherever they ran"
        if broken == anyway:
            return [(f"{len(anyway)} {of} {fail}",), self._fix(())]
        safe = methods.pop(0, [])
        counts = sorted(methods, reverse=True)
        most = f"{counts[0]} {of} {'break' if counts[0] > 1 else 'breaks'}"
        least = "".join(f", {each} under {listed(methods[each])}" for each in counts[1:])
        least += f", not {either(safe)}" if safe else ""
        also = f"; {len(anyway)} more {fail}" if anyway else ""
        head = (
            f"{most} under {self._named(methods[counts[0]])}{least}{also}",
            f"{most} under {listed(methods[counts[0]])}{least}{also}",
            f"{most} under {listed(methods[counts[0]])}{also}",
            f"{most}{also}",
        )
        return [head, self._fix(() if anyway else safe)]

    def _breaks_on_a_platform(self) -> str:
        """Say where it fails whichever start method is chosen; the verdict is on the rest."""
        cells = {each.cell for found in self._by_platform for each in found.cells}
        told = {e.name: _platform(e) for e in self._environments.values()}
        on = listed(sorted({told.get(cell.environment, cell.environment) for cell in cells}))
        fixes = () if self._bad else self._fixes(self._by_platform)
        fix = f"; {fixes[-1]}" if fixes else ""
        return f"{_verb(self._by_platform).lower()} on {on}{fix}"

    def _broken_throughout(self) -> list[_Part]:
        verb, tried, fix = self._verb(), listed(self._tried), self._fix(())
        if self._bad < self._cells:
            where = f"{tried}{self._partly()}"
            return [(f"{verb} under {where}", f"{verb} under {tried}"), fix, self._not_tried()]
        if not self._all_tried() or len(self._tried) == 1:
            return [(f"{verb} under {tried}",), self._not_tried(), fix]
        if all(len(each.cells) < len(self._cells) for each in self._real):
            return [(f"{verb} under every start method, for different reasons",)]
        if len(self._real) == 1 and (own := MECHANISMS[self._real[0].mechanism].answer):
            return list(own)
        every = f"{verb} under every start method"
        return [(f"{every}: fix the program, not the start method", every)]

    def _unexplained(self) -> list[_Part]:
        """Say what is seen, and blame no start method for what has no known cause."""
        return list(MECHANISMS[self._real[0].mechanism].answer)

    def _safe(self) -> list[_Part]:
        every = {trial.environment for trial in self._trials}
        on = "" if self._by_python else self._on(every)
        rest: list[_Part] = []
        if self._notes:
            count = len(self._notes)
            rest.append(("see the note" if count == 1 else f"see the {count} notes",))
        if not any(trial.method_used for trial in self._trials):
            return [(f"Safe{on}: it starts no process by multiprocessing", f"Safe{on}"), *rest]
        if chosen := self._chosen():
            own = f"Safe{on} under {chosen}, which the program itself chooses"
            return [(own, f"Safe under {chosen}"), *rest]
        everywhere = self._all_tried() and len(self._tried) > 1
        under = f"under {'every start method' if everywhere else listed(self._tried)}{on}"
        rest = [self._safe_tests(under) or (f"Safe {under}",), *rest]
        return rest if everywhere else [*rest, self._not_tried()]

    def _safe_tests(self, under: str) -> _Part:
        """Say how many tests are safe, unless all ran under every method."""
        count = sum(self._methods_of(each) >= set(self._tried) for each in self._tests)
        if count == len(self._tests):
            return ()
        are = f"{count} of {len(self._tests)} tests {'is' if count == 1 else 'are'} safe {under}"
        others = "the other" if len(self._tests) - count == 1 else "the others"
        return f"{are}; {others} ran under fewer", are

    def _methods_of(self, test: str) -> set[str]:
        return {cell.method for cell in self._cells if cell.experiment == test}

    # --- parts of it ----------------------------------------------------------------------------

    def _verb(self) -> str:
        return "Children lose data" if self._loses() else _verb(self._real)

    def _loses(self) -> bool:
        return all(MECHANISMS[each.mechanism].loses for each in self._real)

    def _fix(self, safe: Sequence[str]) -> _Part:
        """Say what to do: where there is a place to fix, that comes first."""
        fixes = self._fixes(self._real)
        against = {MECHANISMS[each.mechanism].against for each in (*self._notes, *self._real)}
        against |= {"fork"} if forked_with_threads(self._trials) else set()
        safe = [each for each in safe if each not in against]
        if not safe:
            return fixes
        use = self._use(safe)
        uses = dict.fromkeys((use, use.removesuffix(" explicitly")))
        comma = "," if " or " in use else ""
        both = [f"{fix}{comma} or {use}" for fix in fixes for use in uses]
        return (*both, *fixes[-1:]) or (use,)

    def _use(self, safe: Sequence[str]) -> str:
        """Say which start method to use; where the default is safe, and will stay, none is set."""
        defaults = {each.default_method for each in self._environments.values()}
        if len(defaults) == 1 and defaults <= set(safe) - {"fork"}:
            return f"keep the default, {defaults.pop()}"
        return f"set {either(safe)} explicitly"

    @staticmethod
    def _fixes(findings: Sequence[Finding]) -> _Part:
        """Name the place to fix, or count them; empty where none is known."""
        places = {each.where for each in findings if each.where and each.grade != "unknown"}
        if len(places) == 1:
            return (f"fix {places.pop()}", "fix 1 place")
        return (f"fix {len(places)} places",) if places else ()

    def _chosen(self) -> str | None:
        """Give the one method that was used, also where another was asked for."""
        used = {method for trial in self._trials for method in trial.method_used}
        other = any(
            trial.method != "default" and trial.method not in trial.method_used
            for trial in self._trials
            if trial.method_used
        )
        return next(iter(used)) if other and len(used) == 1 else None

    def _cells_of(self, method: str) -> set[Cell]:
        return {cell for cell in self._cells if cell.method == method}

    def _possible(self) -> list[str]:
        """List the start methods that the environments have."""
        there = {method for each in self._environments.values() for method in each.methods}
        return [method for method in START_METHODS if method in there or not there]

    def _all_tried(self) -> bool:
        return set(self._tried) >= set(self._possible())

    def _not_tried(self) -> _Part:
        left = [method for method in self._possible() if method not in self._tried]
        return (f"{listed(left)} {'was' if len(left) == 1 else 'were'} not tried",) if left else ()

    def _named(self, methods: Sequence[str]) -> str:
        """Name start methods, and say which is the default of the newest Pythons that were run."""
        default = {
            cell.method
            for cell in self._bad
            if (each := self._environments.get(cell.environment)) is not None
            and each.sys_platform == "linux"
            and Version(each.python) >= FORKSERVER_DEFAULT
        }
        named = [
            f"{each} (3.14's default)" if each == "forkserver" and each in default else each
            for each in methods
        ]
        return listed(named)

    def _partly(self) -> str:
        """Name the Pythons on which it breaks, if not all that were tried do."""
        methods = {cell.method for cell in self._bad}
        every = {cell.environment for cell in self._cells if cell.method in methods}
        broken = {cell.environment for cell in self._bad}
        return "" if broken == every else self._on(broken)

    def _on(self, names: Collection[str]) -> str:
        if not any(name in self._environments for name in names):
            return ""  # what they are, the journal does not tell
        platforms = {name: _platform(each) for name, each in self._environments.items()}
        there = {platforms[name] for name in names if name in platforms}
        elsewhere = {platforms[name] for name in platforms.keys() - set(names)}
        if len(there) == 1 and elsewhere and not there & elsewhere:
            return f" on {there.pop()}"
        told = versions(self._environments, names, exact=False)
        if len(told) <= LONGEST_VERSIONS:
            return f" on Python {told}"
        return f" on {len(names)} of {len(self._environments)} Pythons"

"""A run of a pytest suite: a cell for each test and start method, in each environment."""

from __future__ import annotations

import posixpath
import time
from contextlib import suppress
from datetime import UTC, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

import msgspec

from startlab.engine.children import PLUGIN, CannotStart, Children, Mark, Reply, failed
from startlab.engine.lab import not_run, undecided
from startlab.engine.subjects import ProgramSubject
from startlab.errors import AgentError
from startlab.model import Cell, End, PlannedEnvironment, Unavailable
from startlab.plan.cells import by_name, impossible
from startlab.results.summary import WELL
from startlab.results.trials import ends, of_test

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from startlab.backends import Agent, Backend
    from startlab.engine.children import Started
    from startlab.engine.lab import Listener
    from startlab.model import (
        Environment,
        Method,
        Observation,
        Program,
        Request,
        Run,
        Selection,
        Trial,
    )  # fmt: skip
    from startlab.results.journal import Journal

NAMES: Final = ("pytest", "py.test")
OTHER_WORDS: Final = (
    "--collect-only", "--co", "--version", "-V", "--help", "-h", "--fixtures", "--markers",
)  # fmt: skip
"""With one of these, pytest runs no test."""


def is_suite(program: Program) -> bool:
    """Whether a program is a pytest that runs tests."""
    return (
        program.kind in ("command", "module")
        and program.target in NAMES
        and not any(word in OTHER_WORDS for word in program.args)
    )


def is_unittest(program: Program) -> bool:
    """Whether a program is a `python -m unittest`."""
    return program.kind == "module" and program.target == "unittest"


class SuiteSubject(ProgramSubject):
    """A pytest whose tests are run one at a time; each start method has a copy of the files."""

    def child(self, environment: Environment, agent: Agent, method: Method) -> Request:
        """Give the user's own pytest, with the plugin of a child."""
        cell = Cell(experiment=self.name, environment=environment.name, method=method)
        request = self.request(cell, environment, agent)
        own = len(request.argv) - len(self.program.args)
        argv = (*request.argv[:own], *PLUGIN, *request.argv[own:])
        settings = {"paths": None, "all": False, "fork": False}
        return msgspec.structs.replace(request, argv=argv, tests=settings)

    def of_test(self, test: str) -> ProgramSubject:
        """Give a test as a program of its own."""
        program = self.program
        file = posixpath.normpath(posixpath.join(program.folder, test.partition("::")[0]))
        one = msgspec.structs.replace(program, kind="test", name=test, target=file, args=())
        return ProgramSubject(one, self.backend, self.selection)

    def alone(self, test: str) -> ProgramSubject:
        """Give a run of pytest for one test, as a program of its own."""
        program = self.program
        file, at, name = test.partition("::")
        file = posixpath.relpath(posixpath.join(program.folder, file), program.cwd)
        args = ("-q", "-p", "no:cacheprovider", f"{file}{at}{name}")
        one = msgspec.structs.replace(program, kind="module", name=test, target="pytest", args=args)
        return ProgramSubject(one, self.backend, self.selection)


def to_explain(run: Run, suite: SuiteSubject) -> Iterator[tuple[Run, ProgramSubject]]:
    """Give one of all tests that end alike, as a run and a program of its own; the commonest first.

    One that is ok nowhere comes last: that is no start method's fault.
    """
    tests: dict[str, list[Trial]] = {}
    for trial in run.trials:
        tests.setdefault(trial.experiment, []).append(trial)
    alike: dict[frozenset[tuple[str | None, ...]], list[str]] = {}
    for test, trials in tests.items():
        if any(each.outcome not in WELL for each in trials):
            alike.setdefault(ends(trials), []).append(test)
    good = {each.experiment for each in run.trials if each.outcome in WELL}
    for named in sorted(alike.values(), key=lambda each: (each[0] not in good, -len(each))):
        subject = suite.alone(named[0])
        yield of_test(run, named[0], subject.program), subject


class SuiteRun:
    """One run of a suite in the environments of a backend, one after the other."""

    def __init__(
        self,
        subject: SuiteSubject,
        backend: Backend,
        selection: Selection,
        book: Journal,
        listener: Listener,
        earlier: Iterable[Trial] = (),
    ) -> None:
        self.subject = subject
        self.backend = backend
        self.listener = listener
        self._selection = selection
        self._journal = book
        self.earlier = {each.cell: each for each in earlier if each.outcome != "unavailable"}

    def run(self) -> bool:
        """Run every test; return whether the run was interrupted."""
        began, interrupted = time.monotonic(), False
        try:
            for environment in self.backend.environments(self._selection.environments):
                if isinstance(environment, Unavailable):
                    self._lost(environment.name, environment.reason, None)
                else:
                    self._run_in(environment)
        except KeyboardInterrupt:
            interrupted = True
        self._journal.write(
            End(
                finished=datetime.now(UTC).isoformat(timespec="seconds"),
                duration_s=round(time.monotonic() - began, 3),
                interrupted=interrupted,
            )
        )
        return interrupted

    def _run_in(self, environment: Environment) -> None:
        try:
            lacking = self.subject.lacking(environment)
        except AgentError as error:
            lacking = str(error)
        if lacking is not None:
            self._lost(environment.name, lacking, environment)
            return
        wanted = by_name(self._selection.methods or self.subject.methods, environment)
        methods = [each for each in wanted if impossible(environment, each) is None]
        if not methods:
            self._lost(environment.name, "it has none of these start methods", environment)
            return
        _InEnvironment(self, environment, methods).run()

    def _lost(self, name: str, reason: str, environment: Environment | None) -> None:
        cells = tuple(
            Cell(experiment=self.subject.name, environment=name, method=method)
            for method in self._selection.methods or self.subject.methods
        )
        unavailable = reason if environment is None else None
        self.plan(
            PlannedEnvironment(
                name=name, cells=cells, environment=environment, unavailable=unavailable
            )
        )
        for cell in cells:
            self.put(not_run(cell, "unavailable", reason, as_expected=False))

    def plan(self, planned: PlannedEnvironment, *, more: bool = False) -> None:
        """Write the cells of an environment, as far as they are known; the last word counts."""
        self._journal.write(planned)
        self.listener.planned(planned, more=more)

    def put(self, trial: Trial) -> None:
        """Write a trial."""
        self._journal.write(trial)
        self.listener.ended(trial)


class _InEnvironment:
    """A suite in one environment: all tests under the first method, then those that depend on it.

    Which do is found out under the first.
    """

    def __init__(
        self, suite: SuiteRun, environment: Environment, methods: Sequence[Method]
    ) -> None:
        self._suite = suite
        self._environment = environment
        self._methods = methods
        self._cells: list[Cell] = []
        self._marks: dict[str, Mark] = {}
        self._agent: Agent | None = None
        self._children: Children | None = None

    def run(self) -> None:
        """Run the tests."""
        try:
            self._run()
            self._suite.listener.planned(self._planned())
        finally:
            self._close()

    def _run(self) -> None:
        first, *others = self._methods
        started = self._started(first)
        if started is None:
            return
        self._marks = started.marks
        self._plan(self._cell(test, first) for test in started.tests)
        self._say_uncollected(started)
        users = [test for test, uses in self._tests(started.tests, first) if uses]
        if started.pinned is not None:
            users = [test for test in users if test in self._marks]
        self._end(first)
        for method in others:
            if users and self._started(method) is not None:
                self._plan(self._cell(test, method) for test in users)
                for _ in self._tests(users, method):
                    pass
                self._end(method)

    def _tests(self, tests: Sequence[str], method: Method) -> Iterator[tuple[str, bool]]:
        """Run tests, and tell of each whether it uses the default start method."""
        for test, following in zip_longest(tests, tests[1:]):
            yield test, self._test(test, following, method)

    def _started(self, method: Method) -> Started | None:
        """Start a child; one that cannot collect is a trial of the suite as a whole."""
        cell = self._cell(self._suite.subject.name, method)
        try:
            return self._there().start(method)
        except CannotStart as failure:
            self._plan([cell])
            self._suite.put(self._judged(self._suite.subject, cell, failure.seen))
        except AgentError as error:
            self._close()
            self._plan([cell])
            self._suite.put(not_run(cell, "unavailable", str(error), as_expected=False))
        return None

    def _test(self, test: str, following: str | None, method: Method) -> bool:
        cell = self._cell(test, method)
        earlier = self._suite.earlier.get(cell)
        if earlier is not None:
            return earlier.used == "default" or test in self._marks
        mark = self._marks.get(test, Mark())
        why = mark.xfail.get(method)
        if why is not None or (mark.methods and method not in mark.methods):
            reason = f"its marker says: {why}" if why else "its marker names other methods"
            self._suite.put(not_run(cell, "unsupported", reason, as_expected=True))
            return True
        self._suite.listener.began(cell)
        try:
            reply = self._there().run(method, test, following)
        except CannotStart as failure:
            reply = Reply({}, failure.seen)
        except AgentError as error:
            self._close()
            self._suite.put(undecided(cell, str(error), number=0))
            return False
        if "unknown" in reply.said:
            reason = f"the suite has no such test under {method}"
            self._suite.put(not_run(cell, "unsupported", reason, as_expected=True))
            return False
        seen = reply.seen
        if any(each["outcome"] == "failed" for each in reply.said.get("reports", ())):
            seen = failed(seen, reply.said["failures"])
        trial = self._judged(self._suite.subject.of_test(test), cell, seen)
        self._suite.put(msgspec.structs.replace(trial, used=reply.used))
        return reply.used == "default" or test in self._marks

    def _say_uncollected(self, started: Started) -> None:
        """Give the files that could not be collected, each as a trial."""
        for name, text in started.uncollected:
            cell = self._cell(name, started.method)
            self._plan([cell])
            seen = failed(started.seen, [{"traceback": text}])
            self._suite.put(self._judged(self._suite.subject.of_test(name), cell, seen))

    def _end(self, method: Method) -> None:
        """End the child; what goes wrong at its end is a trial of the suite as a whole."""
        with suppress(AgentError):
            end = self._there().end()
            if end is not None and end.is_bad:
                cell = self._cell(self._suite.subject.name, method)
                self._plan([cell])
                self._suite.put(self._judged(self._suite.subject, cell, end.seen))

    def _judged(self, subject: ProgramSubject, cell: Cell, seen: Observation) -> Trial:
        return subject.judge(cell, self._environment, 0, seen)

    def _cell(self, test: str, method: Method) -> Cell:
        return Cell(experiment=test, environment=self._environment.name, method=method)

    def _plan(self, cells: Iterable[Cell]) -> None:
        self._cells += cells
        self._suite.plan(self._planned(), more=True)

    def _planned(self) -> PlannedEnvironment:
        return PlannedEnvironment(
            name=self._environment.name,
            cells=tuple(dict.fromkeys(self._cells)),
            environment=self._environment,
        )

    def _there(self) -> Children:
        if self._children is None or self._agent is None:
            agent = self._agent = self._suite.backend.agent(self._environment)
            self._children = Children(
                agent,
                lambda method: self._suite.subject.child(self._environment, agent, method),
            )
        return self._children

    def _close(self) -> None:
        if self._agent is not None:
            self._agent.close()
        self._agent = self._children = None

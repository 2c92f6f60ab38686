"""The engine: runs cells through agents, and writes the results to the journal."""

from __future__ import annotations

import queue
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, Protocol

import msgspec

from startlab import catalogue
from startlab.engine.schedule import Schedule, Task
from startlab.errors import AgentError, JournalError, StartlabError
from startlab.judge.waiting import obstacle
from startlab.model import End, PinnedMethod, PlannedEnvironment, Trial, Unavailable
from startlab.plan.cells import by_name, impossible, plan_cells, shards
from startlab.results.output_groups import prints_the_same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from startlab.backends import Agent, Backend
    from startlab.engine.subjects import Subject
    from startlab.model import Cell, Environment, Observation, Obstacle, Selection
    from startlab.results.journal import Journal

STOPPING_S: Final = 0.05
"""Between two looks at what was stopped."""

AGAIN_S: Final = 2.0
"""How long a trial is taken to pass in of a cell that has reached the time limit before: where all
of its threads wait, none by the clock or for the outside, it is not waited out again."""


class Listener(Protocol):
    """Receives the events of a run."""

    def planned(self, environment: PlannedEnvironment, *, more: bool = False) -> None:
        """Take note of an environment that is ready, with its cells: of some, if `more` follow."""

    def began(self, cell: Cell) -> None:
        """Take note of a trial that begins; called from the thread that runs it."""

    def say(self, text: str) -> None:
        """Show the user a message; called from any thread."""

    def ended(self, trial: Trial) -> None:
        """Take note of a trial that is over and in the journal."""


class Silent:
    """A listener that does nothing."""

    def planned(self, environment: PlannedEnvironment, *, more: bool = False) -> None:
        """Do nothing."""

    def began(self, cell: Cell) -> None:
        """Do nothing."""

    def say(self, text: str) -> None:
        """Do nothing."""

    def ended(self, trial: Trial) -> None:
        """Do nothing."""


class Lab:
    """One run of subjects, experiments or a program, in the environments of a backend.

    `earlier` are the trials of a run that is resumed.
    """

    def __init__(
        self,
        subjects: Sequence[Subject],
        backend: Backend,
        selection: Selection,
        journal: Journal,
        listener: Listener,
        *,
        jobs: int,
        earlier: Iterable[Trial] = (),
    ) -> None:
        self._subjects = {subject.name: subject for subject in subjects}
        self._backend = backend
        self._selection = selection
        self._journal = journal
        self._listener = listener
        self._jobs = jobs
        self._schedule = Schedule()
        self._results: queue.SimpleQueue[PlannedEnvironment | Trial] = queue.SimpleQueue()
        self._agents: dict[int, Agent] = {}
        self._stopping = False
        self._errors: list[Exception] = []
        self._said: set[Obstacle] = set()
        self._done: set[tuple[Cell, int]] = set()
        self._repeats = _Repeats() if selection.repeat else None
        self._lock = threading.Lock()
        self._environments: dict[str, Environment] = {}
        self._waiting: set[Cell] = set()
        self._passing_s: dict[tuple[str, str], float] = {}
        self._limited: set[Cell] = set()
        self._held: dict[Cell, list[Task]] = {}
        for trial in earlier:
            if trial.outcome != "unavailable":  # then it is tried again
                self._done.add((trial.cell, trial.trial))
                self._repeat_after(trial)

    def run(self) -> bool:
        """Run every remaining trial; return whether the run was interrupted.

        Ctrl-C ends the running trials, which then count as not begun. If the backend failed to
        provide its environments, its StartlabError is raised once everything that could be run has
        been.
        """
        began = time.monotonic()
        work: list[Callable[[], None]] = [self._find, *[self._work] * self._jobs]
        threads = [
            threading.Thread(target=self._thread, args=(each,), daemon=True) for each in work
        ]
        for thread in threads:
            thread.start()
        try:
            while self._runs(threads):
                self._collect()
        except KeyboardInterrupt:
            while self._runs(threads):
                self._stop()  # again: a trial that was just starting may have missed it
                self._collect()
        except JournalError:  # the disk is full: whatever more is found has no place
            while any(thread.is_alive() for thread in threads):
                self._stop()
                time.sleep(STOPPING_S)
            raise
        self._journal.write(
            End(
                finished=datetime.now(UTC).isoformat(timespec="seconds"),
                duration_s=round(time.monotonic() - began, 3),
                interrupted=self._stopping,
            )
        )
        if self._errors:
            raise self._errors[0]
        return self._stopping

    def _runs(self, threads: Sequence[threading.Thread]) -> bool:
        return any(thread.is_alive() for thread in threads) or not self._results.empty()

    def _collect(self) -> None:
        """Write results to the journal."""
        try:
            # With a timeout: on Windows nothing interrupts a wait without one.
            result = self._results.get(timeout=0.05)
        except queue.Empty:
            return
        self._journal.write(result)
        if isinstance(result, Trial):
            self._listener.ended(result)
        else:
            self._listener.planned(result)

    def _stop(self) -> None:
        self._stopping = True
        self._schedule.close()
        self._schedule.take_away()
        for agent in list(self._agents.values()):
            try:
                agent.stop()
            except AgentError:
                continue  # it is already gone

    def _thread(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - raised again in the main thread
            self._errors.append(error)
            self._schedule.close()
            self._schedule.take_away()

    # --- the environments, in a thread of their own: trials run while more are made ready -------

    def _find(self) -> None:
        try:
            for environment, cells, elsewhere in self._planned():
                if self._stopping:
                    return
                self._plan(environment, cells, elsewhere)
        except StartlabError as error:
            self._errors.append(error)
        finally:
            self._schedule.complete()

    def _planned(
        self,
    ) -> Iterator[tuple[Environment | Unavailable, tuple[Cell, ...], tuple[Cell, ...]]]:
        """Yield each environment with its cells, and those that other shards run."""
        found = (
            (each, self._cells_in(each))
            for each in self._backend.environments(self._selection.environments)
        )
        if self._selection.shard is None:
            for environment, cells in found:
                yield environment, cells, ()
            return
        every = list(found)  # a shard is one of the whole
        whole = [cell for _, cells in every for cell in cells]
        number, of = self._selection.shard
        mine = set(shards(whole, of, catalogue.durations())[number - 1])
        for environment, cells in every:
            here = tuple(cell for cell in cells if cell in mine)
            yield environment, here, tuple(cell for cell in cells if cell not in mine)

    def _cells_in(self, environment: Environment | Unavailable) -> tuple[Cell, ...]:
        """Plan its cells; a program has none of `default`, but those of the method that it is."""
        subjects = list(self._subjects.values())
        methods = self._selection.methods
        if not any("default" in subject.methods for subject in subjects):
            methods = by_name(methods, environment)
        return plan_cells(subjects, environment.name, methods)

    def _plan(
        self,
        environment: Environment | Unavailable,
        cells: tuple[Cell, ...],
        elsewhere: tuple[Cell, ...],
    ) -> None:
        if isinstance(environment, Unavailable):
            reason = environment.reason
            self._results.put(
                PlannedEnvironment(
                    name=environment.name, cells=cells, unavailable=reason, elsewhere=elsewhere
                )
            )
            for cell in cells:
                self._results.put(not_run(cell, "unavailable", reason, as_expected=False))
            return
        self._results.put(
            PlannedEnvironment(
                name=environment.name, cells=cells, environment=environment, elsewhere=elsewhere
            )
        )
        tasks = []
        lack = {name: self._lacking(name, environment) for name in {c.experiment for c in cells}}
        for cell in cells:
            why_not = impossible(environment, cell.method)
            lacking = lack[cell.experiment]
            if why_not is not None:
                self._results.put(not_run(cell, "unsupported", why_not, as_expected=True))
            elif lacking is not None:
                foreseen = self._subjects[cell.experiment].may_lack
                self._results.put(not_run(cell, "unavailable", lacking, as_expected=foreseen))
            else:
                tasks += [
                    Task(cell, number, self._subjects[cell.experiment], environment)
                    for number in range(self._selection.trials)
                    if (cell, number) not in self._done
                ]
        tasks = self._hold_back(tasks)
        with self._lock:
            self._environments[environment.name] = environment
            tasks += [
                self._again(cell)
                for cell in cells
                if cell in self._waiting and (cell, 1) not in self._done
            ]
        self._schedule.add(environment.name, tasks)

    def _hold_back(self, tasks: list[Task]) -> list[Task]:
        """Leave only the first cell of a program that may choose its start method itself.

        If it does, that cell is run for all.
        """
        first = next((task.cell for task in tasks if task.subject.may_pin), None)
        if first is None:
            return tasks
        self._held[first] = [task for task in tasks if task.cell != first]
        return [task for task in tasks if task.cell == first]

    def _lacking(self, name: str, environment: Environment) -> str | None:
        try:
            return self._subjects[name].lacking(environment)
        except AgentError as error:
            return str(error)

    # --- the trials, in `jobs` threads ----------------------------------------------------------

    def _work(self) -> None:
        worker = _Worker(self._backend, self._agents)
        try:
            while (task := self._schedule.next(worker.environment)) is not None:
                try:
                    self._listener.began(task.cell)
                    self._run(worker, task)
                finally:
                    self._schedule.done(task)
        finally:
            worker.close()

    def _run(self, worker: _Worker, task: Task) -> None:
        try:
            observation = self._observed(worker, task)
        except AgentError as error:
            worker.close()
            if not self._stopping:
                self._lose(task, str(error))
            return
        if observation is None:
            self._schedule.add(task.environment.name, self._held.pop(task.cell, []))
            return
        if self._jobs > 1 and not task.alone and task.subject.disturbed(observation):
            self._schedule.add(task.environment.name, [task._replace(again=True)])
        elif observation.ended != "stopped":
            trial = task.subject.judge(task.cell, task.environment, task.number, observation)
            self._note(trial, at_the_limit=observation.ended == "limit")
        if self._selection.isolation == "fresh":
            worker.close()

    def _note(self, trial: Trial, *, at_the_limit: bool) -> None:
        """Take a trial as the result, of its cell or of all that are held back for that."""
        if at_the_limit and trial.outcome == "hang":
            self._limited.add(trial.cell)
        self._results.put(trial)
        self._note_passing(trial)
        held = self._held.get(trial.cell, [])
        if _is_pinned(trial):
            for cell in dict.fromkeys(task.cell for task in held):
                self._results.put(
                    msgspec.structs.replace(trial, method=cell.method, run_as=trial.method)
                )
        elif self._held.pop(trial.cell, None):
            self._schedule.add(trial.environment, held)
        self._repeat_after(trial)

    def _observed(self, worker: _Worker, task: Task) -> Observation | None:
        """Run a trial, if its agent is lost once more on a new one; None if it has no observation.

        Also one that had no place: what an earlier program has made of the agent's is not to befall
        this one. Raises AgentError if no agent can be started.
        """
        for again in (False, True):
            agent = worker.agent(task)
            try:
                seen = self._observe(agent, task)
            except AgentError as error:
                worker.close()  # the cause may have been this one agent
                if self._stopping:
                    break
                if again:
                    worker.agent(task)  # the environment is there: the cause is this program
                    reason = f"twice, no agent could observe it: {error}"
                    self._results.put(undecided(task.cell, reason, number=task.number))
            else:
                if again or seen.not_launched is None or seen.not_launched.step == "start":
                    return seen
                worker.close()
        return None

    def _note_passing(self, trial: Trial) -> None:
        """Remember how long the slowest trial of a program took that passed, by environment."""
        if trial.outcome == "ok":
            key = trial.experiment, trial.environment
            with self._lock:
                self._passing_s[key] = max(self._passing_s.get(key, 0.0), trial.duration_s)

    def _repeat_after(self, trial: Trial) -> None:
        """Have cells run once more because of a trial, at once or when their environment is there.

        A run that is resumed hears of its earlier trials so, and may have been ended before it
        repeated one.
        """
        if self._repeats is None:
            return
        for cell in self._repeats.after(trial):
            if (cell, 1) in self._done:
                continue
            with self._lock:
                there = cell.environment in self._environments
                if not there:
                    self._waiting.add(cell)
            if there:
                self._schedule.add(cell.environment, [self._again(cell)])

    def _again(self, cell: Cell) -> Task:
        environment = self._environments[cell.environment]
        return Task(cell, 1, self._subjects[cell.experiment], environment)

    def _lose(self, task: Task, reason: str) -> None:
        """Give up an environment: twice in a row no agent in it could run a trial."""
        held = self._held.pop(task.cell, [])
        for lost in [task, *held, *self._schedule.take_away(task.environment.name)]:
            trial = not_run(lost.cell, "unavailable", reason, as_expected=False, number=lost.number)
            self._results.put(trial)

    def _observe(self, agent: Agent, task: Task) -> Observation:
        if agent.no_proofs and agent.no_proofs not in self._said:
            self._said.add(agent.no_proofs)
            self._listener.say(
                f"Hangs cannot be proven in {task.environment.name}, the time limit decides: "
                f"{obstacle(agent.no_proofs)}"
            )
        request = task.subject.request(task.cell, task.environment, agent)
        passing_s = self._passing_s.get((task.cell.experiment, task.environment.name))
        if passing_s is None and task.cell in self._limited:
            passing_s = AGAIN_S
        return agent.run(msgspec.structs.replace(request, passing_s=passing_s))


class _Repeats:
    """Which cells are run once more: those whose first trial is a surprise.

    That is one that is not ok, or one whose output differs from the first cell's; then the first
    cell is run again too, since the program may print something else every time. What could not be
    run is no surprise: --resume tries it again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._first: Trial | None = None
        self._repeated: set[Cell] = set()

    def after(self, trial: Trial) -> list[Cell]:
        """Return the cells to run again, after this trial."""
        if trial.trial != 0 or trial.outcome in ("unsupported", "unavailable"):
            return []
        with self._lock:
            cells = [] if trial.outcome == "ok" else [trial.cell]
            if trial.outcome == "ok":
                self._first = self._first or trial
                if not prints_the_same(trial, self._first):
                    cells = [trial.cell, self._first.cell]
            cells = [cell for cell in cells if cell not in self._repeated]
            self._repeated.update(cells)
            return cells


def _is_pinned(trial: Trial) -> bool:
    """Tell whether a program has chosen one start method for all, whatever it was asked to use."""
    chosen = {
        clue.method
        for clue in trial.clues
        if isinstance(clue, PinnedMethod) and clue.by == "set_start_method"
    }
    return len(chosen) == 1 and chosen == set(trial.method_used)


class _Worker:
    """One job: it has an agent in one environment at a time."""

    def __init__(self, backend: Backend, agents: dict[int, Agent]) -> None:
        self.environment: str | None = None
        self._backend = backend
        self._agents = agents
        self._agent: Agent | None = None

    def agent(self, task: Task) -> Agent:
        """Return an agent in the task's environment. Raises AgentError."""
        if self._agent is None or self.environment != task.environment.name:
            self.close()
            self._agent = self._backend.agent(task.environment)
            self._agents[id(self)] = self._agent
            self.environment = task.environment.name
        return self._agent

    def close(self) -> None:
        """End the agent, if there is one."""
        if self._agent is not None:
            self._agents.pop(id(self), None)
            self._agent.close()
        self._agent = self.environment = None


def not_run(
    cell: Cell,
    outcome: Literal["unsupported", "unavailable"],
    reason: str,
    *,
    as_expected: bool,
    number: int = 0,
) -> Trial:
    """Make the record of a trial that could not be run."""
    return Trial(
        experiment=cell.experiment,
        environment=cell.environment,
        method=cell.method,
        trial=number,
        outcome=outcome,
        reason=reason,
        as_expected=as_expected,
        expected=(outcome,) if as_expected else None,
    )


def undecided(cell: Cell, reason: str, *, number: int) -> Trial:
    """Make the record of a trial whose end nobody saw."""
    return Trial(
        experiment=cell.experiment,
        environment=cell.environment,
        method=cell.method,
        trial=number,
        outcome="undecided",
        reason=reason,
        as_expected=False,
        expected=None,
    )

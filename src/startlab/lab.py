"""The engine: drives cells through agents, and what comes back into the journal."""

from __future__ import annotations

import queue
import shlex
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, Protocol

from startlab import plan
from startlab.errors import AgentError, StartlabError
from startlab.judge import judge
from startlab.model import End, PlannedEnvironment, Request, Trial, Unavailable
from startlab.schedule import Schedule, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from startlab.backends import Agent, Backend
    from startlab.journal import Journal
    from startlab.model import Cell, Environment, Experiment, Observation, Selection

DEFAULT_TIMEOUT_S: Final = 10.0


class Listener(Protocol):
    """Somebody who follows a run while it goes."""

    def planned(self, environment: PlannedEnvironment) -> None:
        """Hear that an environment has come, with its cells."""

    def began(self, cell: Cell) -> None:
        """Hear that a trial has begun; told from the thread that runs it."""

    def say(self, text: str) -> None:
        """Hear what a person should know; told from any thread."""

    def ended(self, trial: Trial) -> None:
        """Hear that a trial is over and in the journal."""


class Lab:
    """One run of experiments in the environments of a backend."""

    def __init__(
        self,
        experiments: Sequence[Experiment],
        backend: Backend,
        selection: Selection,
        journal: Journal,
        listener: Listener,
        *,
        jobs: int,
        done: Collection[tuple[Cell, int]] = (),
    ) -> None:
        self._experiments = experiments
        self._backend = backend
        self._selection = selection
        self._journal = journal
        self._listener = listener
        self._jobs = jobs
        self._done = frozenset(done)
        self._schedule = Schedule()
        self._results: queue.SimpleQueue[PlannedEnvironment | Trial] = queue.SimpleQueue()
        self._agents: dict[int, Agent] = {}
        self._stopping = False
        self._errors: list[Exception] = []
        self._said: set[str] = set()

    def run(self) -> bool:
        """Run every trial that is left; tell whether it was interrupted.

        Ctrl-C ends the trials in flight, which are then as if they had not been begun. Raises the
        StartlabError that kept the backend from giving its environments, once all that could be
        run has been.
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
                self._stop()  # again: a trial that was just beginning may have missed it
                self._collect()
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
        """Put what comes into the journal."""
        try:
            # With a time-out, for on Windows nothing interrupts a wait without.
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
        self._schedule.take_away()
        self._schedule.complete()
        for agent in list(self._agents.values()):
            try:
                agent.stop()
            except AgentError:
                continue  # it has gone before

    def _thread(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - raised again where the person is told
            self._errors.append(error)
            self._schedule.take_away()
            self._schedule.complete()

    # --- the environments, in a thread of their own: trials run while more are made ready -------

    def _find(self) -> None:
        try:
            for environment, cells in self._planned():
                if self._stopping:
                    return
                self._plan(environment, cells)
        except StartlabError as error:
            self._errors.append(error)
        finally:
            self._schedule.complete()

    def _planned(self) -> Iterator[tuple[Environment | Unavailable, tuple[Cell, ...]]]:
        found = (
            (each, plan.cells(self._experiments, each.name, self._selection.methods))
            for each in self._backend.environments(self._selection.environments)
        )
        if self._selection.shard is None:
            yield from found
            return
        every = list(found)  # a shard is one of the whole
        whole = [cell for _, cells in every for cell in cells]
        mine = set(plan.shard(whole, *self._selection.shard))
        for environment, cells in every:
            yield environment, tuple(cell for cell in cells if cell in mine)

    def _plan(self, environment: Environment | Unavailable, cells: tuple[Cell, ...]) -> None:
        if isinstance(environment, Unavailable):
            reason = environment.reason
            self._results.put(
                PlannedEnvironment(name=environment.name, cells=cells, unavailable=reason)
            )
            for cell in cells:
                self._results.put(not_run(cell, "unavailable", reason, as_expected=False))
            return
        self._results.put(
            PlannedEnvironment(name=environment.name, cells=cells, environment=environment)
        )
        experiments = {experiment.name: experiment for experiment in self._experiments}
        tasks = []
        for cell in cells:
            experiment = experiments[cell.experiment]
            impossible = plan.impossible(environment, cell.method)
            lacking = plan.lacking(experiment, environment)
            if impossible is not None:
                self._results.put(not_run(cell, "unsupported", impossible, as_expected=True))
            elif lacking is not None:
                self._results.put(not_run(cell, "unavailable", lacking, as_expected=True))
            else:
                tasks += [
                    Task(cell, number, experiment, environment)
                    for number in range(self._selection.trials)
                    if (cell, number) not in self._done
                ]
        self._schedule.add(environment.name, tasks)

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
            try:
                observation = self._observe(worker.agent(task), task)
            except AgentError:
                worker.close()  # whatever it was may have been of that one agent
                observation = self._observe(worker.agent(task), task)
        except AgentError as error:
            worker.close()
            if not self._stopping:
                self._lose(task, str(error))
            return
        if observation.ended != "stopped":
            self._results.put(self._judge(task, observation))
        if self._selection.isolation == "fresh":
            worker.close()

    def _lose(self, task: Task, reason: str) -> None:
        """Give up an environment: twice in a row no agent in it could run a trial."""
        for lost in [task, *self._schedule.take_away(task.environment.name)]:
            trial = not_run(lost.cell, "unavailable", reason, as_expected=False, number=lost.number)
            self._results.put(trial)

    def _observe(self, agent: Agent, task: Task) -> Observation:
        if agent.no_proofs and agent.no_proofs not in self._said:
            self._said.add(agent.no_proofs)
            self._listener.say(
                f"Hangs cannot be proven in {task.environment.name}, the time limit decides: "
                f"{agent.no_proofs}"
            )
        experiment, method = task.experiment, task.cell.method
        program = f"{agent.content}/catalogue/{experiment.program}"
        args = (arg.format(method=method) for arg in experiment.args)
        return agent.run(
            Request(
                argv=(task.environment.executable, program, *args),
                method=method if experiment.force and method != "default" else None,
                timeout_s=self._selection.timeout_s or experiment.timeout_s or DEFAULT_TIMEOUT_S,
            )
        )

    def _judge(self, task: Task, observation: Observation) -> Trial:
        return judge(
            task.experiment,
            task.environment,
            task.cell,
            task.number,
            observation,
            reproduce(task.cell, task.environment),
        )


class _Worker:
    """One job: it has an agent in one environment at a time."""

    def __init__(self, backend: Backend, agents: dict[int, Agent]) -> None:
        self.environment: str | None = None
        self._backend = backend
        self._agents = agents
        self._agent: Agent | None = None

    def agent(self, task: Task) -> Agent:
        """Give an agent in the task's environment. Raises AgentError."""
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
    """Make the record of a trial that could not be."""
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


def reproduce(cell: Cell, environment: Environment) -> str:
    """Give the command that runs exactly one cell, and on what it was run."""
    words = ["startlab", "lab", "--backend", environment.backend, "--env", cell.environment]
    words += ["--experiment", cell.experiment]
    words += ["--method", cell.method]
    image = f", image {environment.image}" if environment.image else ""
    return f"{shlex.join(words)}  # {environment.implementation} {environment.python}{image}"

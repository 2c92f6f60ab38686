"""Trials of a program with some aspects changed, as long as there is time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import msgspec

from startlab.backends.conversation import load
from startlab.engine.experiments.aspects import environment_of
from startlab.engine.experiments.noted import noted
from startlab.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.backends import Agent, Backend
    from startlab.engine.experiments.budget import Budget
    from startlab.engine.experiments.worlds import World
    from startlab.engine.subjects import Subject
    from startlab.model import Aspect, Cell, Noted, Run, Trial

TIMES: Final = 3
"""How often each world, and an aspect, must give the same."""

SHORTEST_S: Final = 3.0
LONGER: Final = 5
"""A trial of an experiment may take so many times what the good world does, or `SHORTEST_S`."""

WITHOUT_GOOD_S: Final = 2.0
"""How long a trial is taken to last that ends well nowhere."""


class Bench:
    """Runs trials of a program's cells, as long as the `budget` lasts; it may be a single test."""

    def __init__(
        self, run: Run, subject: Subject, backend: Backend, budget: Budget, *, is_of_test: bool
    ) -> None:
        self.is_of_test = is_of_test
        self._subject = subject
        self._backend = backend
        self._budget = budget
        self.to_come = 0  # cells that are not yet looked into
        self._environments = {
            each.name: each.environment for each in run.environments if each.environment
        }
        self._agents: dict[str, Agent] = {}
        self._traced: dict[tuple[Cell, Aspect], tuple[Noted, ...]] = {}

    def close(self) -> None:
        """End the agents."""
        for agent in self._agents.values():
            agent.close()

    @property
    def is_over(self) -> bool:
        """Whether there is no time left."""
        return self._budget.is_over(self.to_come)

    def has(self, environment: str) -> bool:
        """Tell whether trials can be run in an environment."""
        return environment in self._environments

    def trial(self, cell: Cell, aspects: Sequence[Aspect], limit_s: float) -> Trial | None:
        """Run a trial with aspects changed; None where the time is over or no agent can."""
        if self.is_over:
            return None
        began = time.monotonic()
        environment = self._environments[cell.environment]
        if any(each.kind == "earlier" for each in aspects):  # by a fork server of its own
            cell = msgspec.structs.replace(cell, method="forkserver")
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
        finally:
            self._budget.use(time.monotonic() - began, load())
        return self._subject.judge(cell, environment, 0, observation)

    def trace(self, cell: Cell, traced: Aspect, limit_s: float) -> tuple[Noted, ...]:
        """Follow a cell's first process to the line that makes a difference, once for all cells."""
        if (cell, traced) not in self._traced:
            trial = self.trial(cell, [traced], limit_s * 3)
            self._traced[cell, traced] = noted(trial) if trial is not None else ()
        return self._traced[cell, traced]


def limit_s(good: World | None) -> float:
    """Give how long a trial may take that is to do what a good world does."""
    longest = max((e.duration_s for e in good.trials), default=0.0) if good else WITHOUT_GOOD_S
    return max(SHORTEST_S, LONGER * longest)

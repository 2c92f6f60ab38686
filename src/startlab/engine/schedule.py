"""Which trial is next; keeps trials apart that must run alone."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

    from startlab.engine.subjects import Subject
    from startlab.model import Cell, Environment


class Task(NamedTuple):
    """One trial to run; `again` if it is repeated because others ran beside it the first time."""

    cell: Cell
    number: int
    subject: Subject
    environment: Environment
    again: bool = False

    @property
    def alone(self) -> bool:
        """Whether nothing may run beside it."""
        return self.subject.exclusive or self.again


class Schedule:
    """The remaining tasks. A worker stays in its environment while there is work in it.

    Tasks that must run alone come last, one at a time, while nothing else runs.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tasks: dict[str, deque[Task]] = {}
        self._alone: deque[Task] = deque()
        self._running: dict[str, int] = {}
        self._complete = self._closed = False

    def add(self, environment: str, tasks: Collection[Task]) -> None:
        """Add tasks of an environment; ignored once the schedule is closed."""
        with self._changed:
            if self._closed:
                return
            waiting = self._tasks.setdefault(environment, deque())
            waiting += (task for task in tasks if not task.alone)
            self._alone += [task for task in tasks if task.alone]
            self._changed.notify_all()

    def complete(self) -> None:
        """Declare that only running tasks will add more."""
        with self._changed:
            self._complete = True
            self._changed.notify_all()

    def close(self) -> None:
        """Declare that no more will be added."""
        with self._changed:
            self._complete = self._closed = True
            self._changed.notify_all()

    def take_away(self, environment: str | None = None) -> list[Task]:
        """Remove and return the tasks that have not begun, in one environment or in all."""
        with self._changed:
            names = list(self._tasks) if environment is None else [environment]
            taken = [task for name in names for task in self._tasks.pop(name, ())]
            alone = [task for task in self._alone if task.environment.name in names]
            self._alone = deque(task for task in self._alone if task not in alone)
            self._changed.notify_all()
            return taken + alone

    def next(self, preferred: str | None) -> Task | None:
        """Return the next task, waiting for one if necessary; None when there will be no more."""
        with self._changed:
            while True:
                task = self._choose(preferred)
                if task is not None:
                    name = task.environment.name
                    self._running[name] = self._running.get(name, 0) + 1
                    return task
                if self._complete and not self._alone:
                    return None
                self._changed.wait()

    def done(self, task: Task) -> None:
        """Mark a task as done."""
        with self._changed:
            self._running[task.environment.name] -= 1
            self._changed.notify_all()

    def _choose(self, preferred: str | None) -> Task | None:
        waiting = {name: tasks for name, tasks in self._tasks.items() if tasks}
        if waiting:
            fewest = min(waiting, key=lambda name: self._running.get(name, 0))
            return waiting.get(preferred or fewest, waiting[fewest]).popleft()
        if self._complete and self._alone and not any(self._running.values()):
            return self._alone.popleft()
        return None

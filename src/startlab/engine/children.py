"""A pytest that runs tests under a start method: one child at a time, another after a hang."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from startlab.backends.conversation import Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from startlab.backends import Agent
    from startlab.model import Method, Observation, Request


class Reply(NamedTuple):
    """What a child has said of a test, nothing if it has ended, and what was seen of it."""

    said: dict[str, Any]
    seen: Observation


class Started(NamedTuple):
    """A child that has collected its tests.

    `pinned` is the start method that the suite itself has chosen for all tests; `uncollected` are
    the files that could not be collected, each with pytest's text.
    """

    method: Method
    tests: tuple[str, ...]
    pinned: str | None
    uncollected: tuple[tuple[str, str], ...]
    seen: Observation


class CannotStart(Exception):  # noqa: N818 - that is what it says
    """A child came to its end before it had collected its tests."""

    def __init__(self, method: Method, seen: Observation) -> None:
        super().__init__(method, seen)
        self.method = method
        self.seen = seen


class Children:
    """One child at a time: it is begun when a test is to be run under its method.

    `request` is made for a method. Where no child of that method can collect, that is tried once.
    """

    def __init__(self, agent: Agent, request: Callable[[Method], Request]) -> None:
        self._agent = agent
        self._request = request
        self._failed: dict[Method, CannotStart] = {}
        self.now: Started | None = None

    def start(self, method: Method) -> Started:
        """Have a child of a method. Raises CannotStart, and AgentError."""
        if self.now is not None and self.now.method == method:
            return self.now
        if method in self._failed:
            raise self._failed[method]
        first = self._agent.begin(self._request(method))
        if not isinstance(first, Said):
            self._failed[method] = CannotStart(method, first)
            raise self._failed[method]
        self.now = Started(
            method,
            tuple(first.said["ready"]),
            first.said["pinned"],
            tuple((each["node"], each["text"]) for each in first.said["uncollected"]),
            first.seen,
        )
        return self.now

    def run(self, method: Method, test: str, following: str | None) -> Reply:
        """Run a test under a method. Raises CannotStart, and AgentError."""
        self.start(method)
        heard = self._agent.tell({"run": test, "next": following})
        if isinstance(heard, Said):
            return Reply(heard.said, heard.seen)
        self.now = None
        return Reply({}, heard)

    def end(self) -> tuple[Reply | None, Reply | None]:
        """End the child: what it said at last, if it said something, and how it ended."""
        if self.now is None:
            return None, None
        self.now = None
        heard = self._agent.tell({"end": True})
        if not isinstance(heard, Said):
            return None, Reply({}, heard)
        return Reply(heard.said, heard.seen), Reply({}, self._agent.wait())

"""A pytest that runs tests under a start method: one child at a time, another after a hang."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from startlab.backends.conversation import Said
from startlab.model import PinnedMethod, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from startlab.backends import Agent
    from startlab.model import Method, Observation, Request, Used


PLUGIN: Final = ("-p", "startlab_tests")
"""What makes a pytest one that runs the tests that it is told; see agent/inject."""


class Reply(NamedTuple):
    """What a child has said of a test, nothing if it has ended, what was seen, what it used."""

    said: dict[str, Any]
    seen: Observation
    used: Used = ""


class End(NamedTuple):
    """What a child has said at its end, and how it ended."""

    said: dict[str, Any]
    seen: Observation

    @property
    def is_bad(self) -> bool:
        """Whether it hung, or died by a signal; its exit status says only that tests failed."""
        return self.seen.ended != "exit" or (self.seen.exit_status or 0) < 0


class Mark(msgspec.Struct, frozen=True):
    """The methods that a test is to be run under, all if there are none, and where it may fail."""

    methods: tuple[str, ...] = ()
    xfail: dict[str, str] = {}


class Started(NamedTuple):
    """A child that has collected its tests.

    `pinned` is the start method that the suite itself has chosen for all tests; `uncollected` are
    the files that could not be collected, each with pytest's text; `marks` is what the markers of
    tests say.
    """

    method: Method
    tests: tuple[str, ...]
    pinned: str | None
    uncollected: tuple[tuple[str, str], ...]
    marks: dict[str, Mark]
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
            msgspec.convert(first.said["marks"], dict[str, Mark]),
            first.seen,
        )
        return self.now

    def run(self, method: Method, test: str, following: str | None) -> Reply:
        """Run a test under a method. Raises CannotStart, and AgentError."""
        started = self.start(method)
        heard = self._agent.tell({"run": test, "next": following})
        if isinstance(heard, Said):
            if heard.said.get("ended"):
                self.now = None
                self._agent.wait()
            used = _used(started, test, heard.seen, asked=bool(heard.said.get("uses")))
            return Reply(heard.said, heard.seen, used)
        self.now = None
        if heard.ended == "exit" and heard.exit_status == 0:
            heard = failed(
                heard, [{"traceback": "The test ended its process, with exit status 0."}]
            )
        return Reply({}, heard, _used(started, test, heard, asked=False))

    def end(self) -> End | None:
        """End the child, if there is one. Raises AgentError."""
        if self.now is None:
            return None
        self.now = None
        heard = self._agent.tell({"end": True})
        if isinstance(heard, Said):
            return End(heard.said, self._agent.wait())
        return End({}, heard)


def _used(started: Started, test: str, seen: Observation, *, asked: bool) -> Used:
    """Tell how a test uses multiprocessing: `asked` if it has asked for the default method.

    It need not have: a context may have been made before, by its file or by a fixture. That it has
    chosen one itself shows in what it used, or at the line where it did.
    """
    if asked or seen.below:
        return "default"
    if not seen.starts:
        return ""
    methods = {start.method for start in seen.starts}
    others = {each.partition("::")[0] for each in started.tests} - {test.partition("::")[0]}
    chosen = any(
        isinstance(clue, PinnedMethod)
        and clue.method in methods
        and not any(
            f"/{clue.where or ''}".rpartition(":")[0].endswith(f"/{file}") for file in others
        )
        for clue in seen.clues
    )
    return "own" if chosen or methods != {started.method} else "default"


def failed(seen: Observation, failures: Sequence[dict[str, Any]]) -> Observation:
    """Give what was seen of a test as of a program that its exceptions have ended."""
    text = "\n".join(each["traceback"] for each in failures)
    stderr = Stream(head=text.encode(errors="backslashreplace"))
    return msgspec.structs.replace(seen, exit_status=1, stderr=stderr)

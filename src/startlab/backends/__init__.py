"""Where environments come from: each backend provides environments, and an agent in each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from startlab.backends.conversation import Said
    from startlab.model import BackendName, Environment, Observation, Obstacle, Request, Unavailable


class Agent(Protocol):
    """One agent process in one environment; it runs one trial at a time."""

    content: str
    """The folder, inside the environment, that holds `agent` and `catalogue`."""

    program: str
    """The folder, inside the environment, that holds the user's `files` and `stdin`; or empty."""

    no_proofs: Obstacle | None
    """Why it can prove no hang there and has only the time limit; None if it can."""

    def run(self, request: Request) -> Observation:
        """Run one trial. Raises AgentError when the agent is lost."""

    def begin(self, request: Request) -> Said | Observation:
        """Start a program that runs tests, and wait for its first reply, or its end."""

    def tell(self, command: dict[str, object]) -> Said | Observation:
        """Tell that program something, and wait for its reply, or its end."""

    def wait(self) -> Observation:
        """Wait until that program has ended."""

    def stop(self) -> None:
        """End the trial in flight; from another thread than the one in `run`."""

    def close(self) -> None:
        """End the agent and everything that it started."""


class Backend(Protocol):
    """A source of environments."""

    name: BackendName

    def names(self, wanted: Sequence[str]) -> Sequence[str]:
        """Name the environments that the selectors match, without making them ready.

        Raises SelectionError for a selector that matches none.
        """

    def environments(self, wanted: Sequence[str]) -> Iterator[Environment | Unavailable]:
        """Yield each environment that the selectors match, as soon as it is ready."""

    def agent(self, environment: Environment) -> Agent:
        """Start an agent. Raises AgentError."""

    def ask(self, environment: Environment, script: str, *args: str) -> object:
        """Run a script of the agent's folder with an environment's Python; return what it prints.

        It prints one line of JSON. Raises AgentError.
        """

    def kept(self) -> Mapping[str, str]:
        """Map each environment whose container is kept to the command that enters it."""

    def close(self) -> None:
        """Remove everything that the backend has started."""

"""The interpreters of this host as environments."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec

from startlab.backends import interpreters, py_spy
from startlab.backends.conversation import Conversation, command
from startlab.backends.pipes import CONTENT, Pipes
from startlab.errors import AgentError
from startlab.model import Unavailable
from startlab.plan import environments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from startlab.model import BackendName, Environment
    from startlab.program.requirements import Requirements


class NativeBackend:
    """Runs programs on the host's interpreters.

    `program` is the folder of the user's snapshot; with `requirements`, each interpreter is that of
    a virtual environment. `say` gets a line for each slow step. Environment names begin with
    `platform`: `host-3.13`.
    """

    name: BackendName = "native"

    def __init__(
        self,
        program: Path | None = None,
        requirements: Requirements | None = None,
        say: Callable[[str], None] = lambda _: None,
        platform: str = "",
    ) -> None:
        self._program = "" if program is None else str(program)
        self._requirements = requirements
        self._say = say
        self._platform = platform or "host"
        self._found: list[Environment] = []

    def names(self, wanted: Sequence[str]) -> list[str]:
        """Name the host's interpreters that are wanted."""
        self._found = self._found or list(self._find())
        return [each.name for each in environments.select(self._found, wanted)]

    def environments(self, wanted: Sequence[str]) -> Iterator[Environment | Unavailable]:
        """Yield the running interpreter at once, then the others."""
        found = self._found or self._find()
        for each in environments.select(found, wanted) if wanted else found:
            yield self._with_requirements(each)

    def _find(self) -> Iterator[Environment]:
        for each in interpreters.find():
            name = self._platform + each.name.removeprefix("host")
            yield msgspec.structs.replace(each, name=name)

    def _with_requirements(self, environment: Environment) -> Environment | Unavailable:
        if self._requirements is None:
            return environment
        from startlab.backends import venvs

        try:
            python = venvs.python_with(self._requirements, environment, self._say)
        except AgentError as error:
            return Unavailable(name=environment.name, backend=self.name, reason=str(error))
        return msgspec.structs.replace(environment, executable=python)

    def agent(self, environment: Environment) -> Conversation:  # noqa: ARG002 - the same for all
        """Start an agent, on the interpreter that runs startlab; it can run trials on any other."""
        stream = Pipes(command(sys.executable, str(CONTENT), py_spy.py_spy()))
        try:
            return Conversation(stream, str(CONTENT), self._program)
        except AgentError:
            stream.close()
            raise

    def ask(self, environment: Environment, script: str, *args: str) -> object:
        """Run a script of the agent's folder with an interpreter. Raises AgentError."""
        try:
            done = subprocess.run(
                [environment.executable, str(CONTENT / "agent" / script), *args],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=interpreters.PROBE_TIMEOUT_S,
                check=True,
            )
            said: object = msgspec.json.decode(done.stdout)
        except (OSError, subprocess.SubprocessError, msgspec.DecodeError) as error:
            raise AgentError(f"{environment.executable} cannot run {script}: {error}") from None
        return said

    def kept(self) -> dict[str, str]:
        """Return nothing: there are no containers."""
        return {}

    def close(self) -> None:
        """Do nothing: agents are all that the backend starts."""

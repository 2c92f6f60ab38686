"""The interpreters of this host as environments."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import psutil

from startlab.backends import cgroups, interpreters, leftovers, py_spy
from startlab.backends.conversation import LONGEST_LINE, Conversation, command
from startlab.errors import AgentError
from startlab.model import Unavailable
from startlab.plan import environments

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator, Sequence

    from startlab.model import BackendName, Environment
    from startlab.program.requirements import Requirements

CONTENT: Final = Path(__file__).parents[1]
"""The package itself: it holds `agent` and `catalogue`."""

GOODBYE_S: Final = 10.0
"""How long an agent may take to end its trial; far longer than it needs."""

KILLING_S: Final = 5.0

STDERR_KEPT: Final = 4000


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


class Pipes:
    """A process of this host, its stdin and its stdout.

    On a Unix they are sockets: a program of root could open pipes by their names in /proc.
    """

    def __init__(self, argv: list[str]) -> None:
        # An agent must not get the Ctrl-C that is meant for startlab.
        apart: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the stream
        theirs_in, theirs_out, self._in, self._out = _streams()
        try:
            self._process = subprocess.Popen(
                argv, stdin=theirs_in, stdout=theirs_out, stderr=self._stderr, **apart
            )
        except OSError as error:
            self._in.close()
            self._out.close()
            self._stderr.close()
            raise AgentError(f"The agent could not be started: {error}.") from None
        finally:
            for fd in {theirs_in, theirs_out}:
                os.close(fd)
        # Before it has said hello it starts nothing.
        self._cgroup = cgroups.make(self._process.pid) if sys.platform == "linux" else None

    def write(self, data: bytes) -> None:
        """Write all of it. Raises OSError."""
        view = memoryview(data)
        while view:
            view = view[self._in.write(view) or 0 :]

    def read_line(self) -> bytes:
        """Read one line, empty at the end of the stream. Raises OSError."""
        line = self._out.readline(LONGEST_LINE + 1)
        if len(line) > LONGEST_LINE:
            raise ConnectionError(f"it sent a line of more than {LONGEST_LINE} bytes")
        return line

    def stderr_tail(self) -> str:
        """Return the end of what the agent wrote to its stderr."""
        size = self._stderr.seek(0, 2)
        self._stderr.seek(max(0, size - STDERR_KEPT))
        return self._stderr.read().decode(errors="backslashreplace")

    def kill(self, _: int = 0) -> None:
        """End the agent and its processes at once, from another thread; then the stream ends.

        Its processes first: without it, which adopts those that lose their parents, nobody could
        tell whose they are.
        """
        try:
            agent = psutil.Process(self._process.pid)
            agent.suspend()
            deadline = time.monotonic() + KILLING_S
            while time.monotonic() < deadline:
                left = [each for each in agent.children(recursive=True) if _lives(each)]
                for each in left:
                    with suppress(psutil.Error):
                        each.kill()
                if not left:
                    break
        except psutil.Error:
            pass  # it is gone, or of another user
        self._process.kill()
        if self._cgroup is not None:
            self._cgroup.kill()

    def close(self) -> None:
        """Close the stream, which makes the agent end its trial and itself."""
        try:
            self._in.close()
        except OSError:
            pass  # it is already gone
        try:
            self._process.wait(GOODBYE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        if self._cgroup is not None:
            self._cgroup.remove()
        if self._process.returncode != 0:
            leftovers.clean()  # it could not end what it had started
        self._out.close()
        self._stderr.close()


def _streams() -> tuple[int, int, io.RawIOBase, io.BufferedReader]:
    """Return the stdin and the stdout of a process, and our ends of the two."""
    if sys.platform == "win32":
        (theirs_in, our_in), (our_out, theirs_out) = os.pipe(), os.pipe()
        return theirs_in, theirs_out, os.fdopen(our_in, "wb", 0), os.fdopen(our_out, "rb")
    (theirs, ours), (theirs_too, ours_too) = socket.socketpair(), socket.socketpair()
    with ours, ours_too:
        writing, reading = ours.makefile("wb", buffering=0), ours_too.makefile("rb")
    return theirs.detach(), theirs_too.detach(), writing, reading


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False

"""The process of an agent on this host, and the two streams to it."""

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

from startlab.backends import cgroups
from startlab.backends.conversation import LONGEST_LINE, is_stopped
from startlab.errors import AgentError

if TYPE_CHECKING:
    import io

CONTENT: Final = Path(__file__).parents[1]
"""The package itself: it holds `agent` and `catalogue`."""

GOODBYE_S: Final = 10.0
"""How long an agent may take to end its trial; far longer than it needs."""

KILLING_S: Final = 5.0

STDERR_KEPT: Final = 4000


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
            reason = error.strerror or error
            raise AgentError(f"The agent could not be started: {argv[0]}: {reason}.") from None
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

    def is_stopped(self) -> bool:
        """Tell whether the agent is seen to be stopped."""
        frozen = self._cgroup is not None and self._cgroup.is_frozen()
        return frozen or is_stopped(self._process.pid)

    def kill(self, _: int = 0) -> None:
        """End the agent and its processes at once, from another thread; then the stream ends.

        Its processes first: without it, which adopts those that lose their parents, nobody could
        tell whose they are. What is frozen starts no others meanwhile.
        """
        import psutil  # slow, and rarely needed

        if self._cgroup is not None:
            self._cgroup.freeze()
        try:
            agent = psutil.Process(self._process.pid)
            agent.suspend()
            deadline = time.monotonic() + KILLING_S
            while time.monotonic() < deadline:
                lives = False
                for each in agent.children(recursive=True):
                    with suppress(psutil.Error):
                        if each.status() != psutil.STATUS_ZOMBIE:
                            lives = True
                            each.kill()
                if not lives:
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
            from startlab.backends import leftovers

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

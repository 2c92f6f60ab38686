"""The stdin and stdout of a process in a container, over one connection to the engine."""

from __future__ import annotations

import io
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from docker.errors import NotFound

from startlab.backends.conversation import BOOT, is_stopped
from startlab.backends.docker.engine import LOST, connect, explanation
from startlab.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from docker import APIClient


class ExecStream:
    """A process in a container, its stdin and its stdout, over one connection to the engine.

    The engine sends frames: the stream (1 stdout, 2 stderr), three zero bytes, the length as a
    big-endian 32-bit number, the data. Raises what the SDK raises if it cannot be started. `ending`
    is a command that ends the process whose pid it gets, with its descendants.
    """

    LINE_LIMIT: Final = 64 << 20
    STDERR_KEPT: Final = 4000
    GOODBYE_S: Final = 10.0
    SILENCE_S = 30.0
    """After this long without data the engine is asked whether it still answers."""

    def __init__(
        self,
        api: APIClient,
        container: str,
        argv: Sequence[str],
        on_close: Callable[[], None] | None = None,
        ending: Sequence[str] = (),
    ) -> None:
        self._api = api
        self._container = container
        self._ending = ending
        self._on_close = on_close
        self._execution: str = api.exec_create(container, list(argv), stdin=True)["Id"]
        self._attached: Any = api.exec_start(self._execution, socket=True)
        self._socket: Any = getattr(self._attached, "_sock", self._attached)
        self._early = _early(self._attached, self._socket)
        # Only a real socket can still be read after its timeout.
        real = isinstance(self._socket, socket.socket)
        self._socket.settimeout(self.SILENCE_S if real else None)
        self._stdout = bytearray()
        self._stderr = bytearray()
        self._closed = False

    def write(self, data: bytes) -> None:
        """Write all of it. Raises OSError."""
        self._socket.sendall(data)

    def read_line(self) -> bytes:
        """Read one line; nothing once the stream is closed.

        Raises OSError with an explanation if the process ended or the engine was lost.
        """
        if self._closed:
            return b""
        searched = 0
        while True:
            end = self._stdout.find(b"\n", searched) + 1
            if end:
                line = bytes(self._stdout[:end])
                del self._stdout[:end]
                return line
            searched = len(self._stdout)
            if searched > self.LINE_LIMIT:
                raise ConnectionError(f"it sent a line of more than {self.LINE_LIMIT} bytes")
            if not self._read_frame():
                if self._closed:
                    return b""
                raise ConnectionError(self._why_ended())

    def stderr_tail(self) -> str:
        """Return the end of what the process wrote to its stderr."""
        return self._stderr.decode(errors="backslashreplace")

    def is_stopped(self) -> bool:
        """Tell whether the agent is seen to be stopped: where the engine's processes are seen."""
        try:
            pid = self._api.exec_inspect(self._execution)["Pid"]
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except LOST:
            return False
        return BOOT.encode() in command and is_stopped(pid)

    def kill(self, pid: int) -> None:
        """End an agent and its processes at once, from another thread; then the stream ends.

        If another process in the container prevents that, the whole container ends.
        """
        with suppress(*LOST):
            if not (pid and self._ending and self._end(pid)):
                self._api.kill(self._container)
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _end(self, pid: int) -> bool:
        """End an agent from within the container; return whether that was done in time."""
        argv = [*self._ending, str(pid)]
        try:
            ending = self._api.exec_create(self._container, argv)["Id"]
            self._api.exec_start(ending, detach=True)
            deadline = time.monotonic() + self.GOODBYE_S
            while self._api.exec_inspect(self._execution)["Running"]:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.05)  # the engine tells nobody of an end
        except LOST:  # there may be as many processes in it as it may have
            return False
        return True

    def close(self) -> None:
        """Close the stream, which makes the agent end its trial and itself; wait for that."""
        if self._closed:
            return
        self._closed = True
        with suppress(OSError):
            # Only our side: the engine closes the process's stdin, and still reports its end.
            self._socket.shutdown(socket.SHUT_WR)
            self._socket.settimeout(self.GOODBYE_S)
            while self._read_frame():
                self._stdout.clear()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        let_go(self._attached)
        if self._on_close:
            self._on_close()

    def _read_frame(self) -> bool:
        header = self._read_exactly(8)
        if header is None:
            return False
        stream, length = struct.unpack(">BxxxL", header)
        data = self._read_exactly(length)
        if data is None:
            return False
        if stream == 2:
            self._stderr += data
            del self._stderr[: -self.STDERR_KEPT]
        else:
            self._stdout += data
        return True

    def _read_exactly(self, count: int) -> bytes | None:
        parts = []
        while count:
            data = self._receive(min(count, 1 << 20))
            if not data:
                return None
            parts.append(data)
            count -= len(data)
        return b"".join(parts)

    def _receive(self, most: int) -> bytes:
        if self._early:
            data, self._early = self._early[:most], self._early[most:]
            return data
        while True:
            try:
                received: bytes = self._socket.recv(most)
            except TimeoutError:
                if self._closed:
                    raise
                # A program may be silent for long; an engine that is frozen, or on a machine that
                # has vanished, would be silent forever.
                try:
                    connect(10).close()
                except EngineError as error:
                    raise ConnectionError(str(error)) from None
            else:
                return received

    def _why_ended(self) -> str:
        try:
            status = self._api.exec_inspect(self._execution)
            state = self._api.inspect_container(self._container)["State"]
        except NotFound:
            return "its container ended (a program may have killed every process of its user)"
        except LOST as error:
            return f"the Docker engine was lost ({explanation(error)})"
        if state.get("OOMKilled"):
            return "its container ran out of memory"
        if status["Running"]:
            return "the engine closed the connection to it"
        return f"it ended with exit status {status['ExitCode']}"


def let_go(attached: Any) -> None:  # noqa: ANN401 - the SDK's types depend on the transport
    """Close a connection: the HTTP response, the file over the socket, and the socket."""
    parts = [getattr(attached, "_response", None), attached, getattr(attached, "_sock", None)]
    for part in parts:
        if part is not None:
            with suppress(OSError):
                part.close()


def _early(attached: Any, raw: Any) -> bytes:  # noqa: ANN401 - the SDK's types depend on the transport
    """Return what the HTTP response has already buffered.

    The SDK returns the bare socket, and so loses data that arrived with the response's header.
    """
    response = getattr(attached, "_response", None)
    buffered = getattr(getattr(getattr(response, "raw", None), "_fp", None), "fp", None)
    if not isinstance(buffered, io.BufferedReader):
        return b""
    raw.settimeout(0)
    try:
        return buffered.read1(len(buffered.peek()))
    except OSError:  # TLS says so when there is nothing
        return b""

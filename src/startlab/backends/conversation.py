"""The engine's side of the conversation with an agent, over any pair of streams."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from startlab.errors import AgentError
from startlab.model import Observation, Obstacle

if TYPE_CHECKING:
    from startlab.model import Request

BOOT: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True; "
    "from agent.main import main; main(sys.argv[2])"
)


class Duplex(Protocol):
    """Lines out and in."""

    def write(self, data: bytes) -> None:
        """Write all of it. Raises OSError."""

    def read_line(self) -> bytes:
        """Read one line, empty at the end of the stream. Raises OSError."""

    def stderr_tail(self) -> str:
        """Return the end of what the agent wrote to its stderr."""

    def close(self) -> None:
        """Close the stream, which makes the agent end its trial and itself."""


class _Hello(msgspec.Struct, frozen=True):
    no_proofs: Obstacle | None


class _Answer(msgspec.Struct, frozen=True):
    observation: Observation | None = None
    error: str | None = None
    hello: _Hello | None = None


# Made here, by one thread: msgspec inspects a type at its first use, and if two threads do that at
# the same time it crashes (8 of 30 interpreters with 0.22).
_ANSWER: Final = msgspec.json.Decoder(_Answer)


def command(python: str, content: str, py_spy: str | None) -> list[str]:
    """Return the command line of an agent.

    `content` is the folder that holds `agent`; `py_spy` is the path of py-spy, or None.
    """
    return [python, "-I", "-c", BOOT, content, py_spy or ""]


class Conversation:
    """An agent whose process runs at the other end of a stream.

    `content` and `program` are folders in its environment. `no_proofs` is why it cannot prove a
    hang and has only the time limit; None if it can.
    """

    def __init__(self, stream: Duplex, content: str, program: str = "") -> None:
        self.content = content
        self.program = program
        self._stream = stream
        self._writing = threading.Lock()  # a stop must not interrupt a long request
        hello = self._answer().hello
        if hello is None:
            raise AgentError(f"The agent did not say hello. {stream.stderr_tail()}")
        self.no_proofs: Obstacle | None = hello.no_proofs

    def run(self, request: Request) -> Observation:
        """Run one trial. Raises AgentError when the agent is lost."""
        self._say({"run": request})
        answer = self._answer()
        if answer.observation is None:
            raise AgentError(f"The agent failed at {' '.join(request.argv)}:\n{answer.error}")
        return answer.observation

    def stop(self) -> None:
        """End the trial in flight; from another thread than the one in `run`."""
        self._say({"stop": True})

    def close(self) -> None:
        """End the agent and everything that it started."""
        self._stream.close()

    def _say(self, message: object) -> None:
        try:
            with self._writing:
                self._stream.write(msgspec.json.encode(message) + b"\n")
        except OSError as error:
            raise self._lost(error) from None

    def _answer(self) -> _Answer:
        try:
            line = self._stream.read_line()
            if not line.endswith(b"\n"):
                raise self._lost("it ended")
            return _ANSWER.decode(line)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._lost(error) from None

    def _lost(self, why: object) -> AgentError:
        tail = self._stream.stderr_tail().strip()
        return AgentError(
            f"The agent was lost: {str(why).rstrip('.')}." + (f"\n{tail}" if tail else "")
        )

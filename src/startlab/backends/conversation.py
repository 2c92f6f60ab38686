"""The engine's side of the conversation with an agent, over any pair of streams.

A program runs beside the agent and may do to it what its user may: write into its streams, stop it,
trace it. So every line bears a token that no program knows, an answer bears the id of its request,
and the agent has only as much time as it last said that it needs.
"""

from __future__ import annotations

import math
import os
import secrets
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from startlab.errors import AgentError, StalledError
from startlab.model import Observation, Obstacle

if TYPE_CHECKING:
    from collections.abc import Callable

    from startlab.model import Request

BOOT: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True; "
    "from agent.main import main; main(sys.argv[2])"
)

LONGEST_LINE: Final = 64 << 20
"""What a stream reads as one line; the agent writes none that is longer."""

PREPARING_S: Final = 60.0
"""For an agent to start, and for a program that runs tests to hear and to answer."""

FIRST_S: Final = 20.0
"""For the first word about a trial, which says how long its preparation may take; as a rule it
comes within a millisecond."""

GRACE_S: Final = 5.0
"""Beyond the time that the agent has said: to see who waits for whom, and to end all processes.

That is work for a core, which takes as many times longer as there are others that want each core.
"""

MOST_LOAD: Final = 6.0
"""As far as the time limit itself grows on a loaded machine (agent/trial.py)."""


class Duplex(Protocol):
    """Lines out and in."""

    def write(self, data: bytes) -> None:
        """Write all of it. Raises OSError."""

    def read_line(self) -> bytes:
        """Read one line, empty at the end of the stream. Raises OSError."""

    def stderr_tail(self) -> str:
        """Return the end of what the agent wrote to its stderr."""

    def is_stopped(self) -> bool:
        """Tell whether the agent is seen to be stopped: then it is not the machine that is busy."""

    def kill(self, pid: int) -> None:
        """End the agent and its processes at once, from another thread; then the stream ends.

        `pid` is what the agent has said of itself, 0 before.
        """

    def close(self) -> None:
        """Close the stream, which makes the agent end its trial and itself."""


class _Hello(msgspec.Struct, frozen=True):
    pid: int
    no_proofs: Obstacle | None


class Said(msgspec.Struct, frozen=True):
    """A reply of a program that runs tests, and what was seen of the test."""

    said: dict[str, Any]
    seen: Observation


class _Answer(msgspec.Struct, frozen=True):
    token: str
    id: int
    observation: Observation | None = None
    said: dict[str, Any] | None = None
    seen: Observation | None = None
    error: str | None = None
    hello: _Hello | None = None
    within_s: float | None = None


class _Envelope(msgspec.Struct, frozen=True):
    token: str
    id: int


# Made here, by one thread: msgspec inspects a type at its first use, and if two threads do that at
# the same time it crashes (8 of 30 interpreters with 0.22).
_ANSWER: Final = msgspec.json.Decoder(_Answer)
_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)


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
        self._token = secrets.token_hex(16)
        self._id = self._pid = 0
        self._closed = self._asked_to_stop = False
        self._writing = threading.Lock()  # a stop must not interrupt a long request
        self._watchdog = _Watchdog(lambda: stream.kill(self._pid), stream.is_stopped)
        self._watchdog.allow(PREPARING_S)
        try:
            self._say({"hello": {}})
            hello = self._answer().hello
        finally:
            self._watchdog.rest()
        if hello is None:
            raise AgentError(f"The agent did not say hello. {stream.stderr_tail()}")
        self._pid = hello.pid
        self.no_proofs: Obstacle | None = hello.no_proofs

    def run(self, request: Request) -> Observation:
        """Run one trial. Raises AgentError when the agent is lost, StalledError if it stalled."""
        self._id += 1
        self._watchdog.allow(FIRST_S)
        try:
            self._say({"run": request})
            answer = self._answer()
        finally:
            self._watchdog.rest()
        if answer.observation is None:
            raise AgentError(f"The agent failed at {' '.join(request.argv)}: {answer.error}")
        return answer.observation

    def begin(self, request: Request) -> Said | Observation:
        """Start a program that runs tests, and wait for its first reply.

        An observation means that it has ended, as in every other way than by a reply. Raises as
        `run` does.
        """
        self._id += 1
        return self._heard({"run": request})

    def tell(self, command: dict[str, object]) -> Said | Observation:
        """Tell that program something, and wait for its reply."""
        return self._heard({"tell": command})

    def wait(self) -> Observation:
        """Wait until that program has ended."""
        self._watchdog.allow(PREPARING_S)
        try:
            while True:
                answer = self._answer()
                if answer.observation is not None:
                    return answer.observation
                if answer.said is None:
                    raise AgentError(f"The agent failed:\n{answer.error}")
        finally:
            self._watchdog.rest()

    def _heard(self, message: dict[str, object]) -> Said | Observation:
        self._watchdog.allow(PREPARING_S)
        try:
            self._say(message)
            answer = self._answer()
        finally:
            self._watchdog.rest()
        if answer.said is not None and answer.seen is not None:
            return Said(answer.said, answer.seen)
        if answer.observation is None:
            raise AgentError(f"The agent failed:\n{answer.error}")
        return answer.observation

    def stop(self) -> None:
        """End the trial in flight; from another thread than the one in `run`.

        Raises AgentError if the agent is gone.
        """
        self._watchdog.hurry()
        self._say({"stop": True})

    def close(self) -> None:
        """End the agent and everything that it started."""
        with self._writing:
            self._closed = True
        self._watchdog.end()
        self._stream.close()

    def _say(self, message: dict[str, object]) -> None:
        line = msgspec.json.encode({"token": self._token, "id": self._id} | message) + b"\n"
        with self._writing:
            if self._closed:
                raise AgentError("The agent has been ended.")
            if "run" in message or "stop" in message:
                self._asked_to_stop = "stop" in message
            try:
                self._stream.write(line)
            except OSError as error:
                raise self._lost(error) from None

    def _answer(self) -> _Answer:
        """Read until the answer to the last request; what no agent can have written is dropped."""
        while True:
            try:
                line = self._stream.read_line()
            except OSError as error:
                raise self._lost(error) from None
            if not line.endswith(b"\n"):
                raise self._lost("it ended")
            try:
                envelope = _ENVELOPE.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if not secrets.compare_digest(envelope.token.encode(), self._token.encode()):
                continue
            if envelope.id != self._id:
                continue
            try:
                answer = _ANSWER.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise self._lost(error) from None
            seen = answer.observation
            if seen is not None and seen.ended == "stopped" and not self._asked_to_stop:
                raise self._lost("a program has ended its input")
            if answer.within_s is None:
                return answer
            self._watchdog.allow(answer.within_s)

    def _lost(self, why: object) -> AgentError:
        if self._watchdog.barked_after_s is not None:
            return StalledError(
                f"The agent gave no answer for {self._watchdog.barked_after_s:.0f} s and was ended "
                "with all its processes: the program has stopped it, or the machine was busy."
            )
        tail = self._stream.stderr_tail().strip()
        return AgentError(
            f"The agent was lost: {str(why).rstrip('.')}." + (f"\n{tail}" if tail else "")
        )


class _Watchdog:
    """Kills an agent that takes longer than it may, in a thread of its own."""

    def __init__(self, kill: Callable[[], None], is_stopped: Callable[[], bool]) -> None:
        self._kill = kill
        self._is_stopped = is_stopped
        self._changed = threading.Condition()
        self._since = self._until = 0.0
        self._looks_at = math.inf
        self._awake = self._hurried = self._ended = False
        self._thread: threading.Thread | None = None
        self.barked_after_s: float | None = None

    def allow(self, seconds: float) -> None:
        """Have the agent answer within so many seconds, and some grace."""
        with self._changed:
            if self._hurried and self._awake:
                return
            self._hurried = False
            self._since = time.monotonic()
            self._until = self._since + seconds + GRACE_S
            self._awake = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, daemon=True)
                self._thread.start()
            self._notify()

    def hurry(self) -> None:
        """Have the agent end its trial within the grace, whatever it says."""
        with self._changed:
            if self._awake and not self._hurried:
                self._hurried = True
                self._until = min(self._until, time.monotonic() + GRACE_S)
                self._notify()

    def rest(self) -> None:
        """Expect no answer."""
        with self._changed:
            self._awake = self._hurried = False

    def end(self) -> None:
        """Do nothing more."""
        with self._changed:
            self._awake, self._ended = False, True
            self._changed.notify()

    def _notify(self) -> None:
        """Wake the thread, unless it looks early enough by itself: a suite allows often."""
        if self._until < self._looks_at:
            self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while not self._ended:
                left = self._until - time.monotonic() if self._awake else None
                if left is None or left > 0:
                    self._looks_at = math.inf if left is None else self._until
                    self._changed.wait(left)
                elif self._may_be_late():
                    self._changed.wait(0.1)
                else:
                    self.barked_after_s = time.monotonic() - self._since
                    break
            else:
                return
        self._kill()

    def _may_be_late(self) -> bool:
        if self._hurried or self._is_stopped():
            return False
        return time.monotonic() < self._until + GRACE_S * (load() - 1)


def is_stopped(pid: int) -> bool:
    """Tell whether a process is stopped, by a signal or by who traces it; only Linux says so."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat[stat.rindex(b")") + 2 :].split()[:1][0] in (b"T", b"t")


def load() -> float:
    """Return how many processes want each core, from 1 to `MOST_LOAD`; 1 where that is unknown."""
    if sys.platform == "win32":
        return 1.0
    return min(MOST_LOAD, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))

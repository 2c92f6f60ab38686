"""The engine's side of the conversation, over streams written by hand."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import threading
from typing import Any

import msgspec
import pytest

from startlab.backends import conversation
from startlab.backends.conversation import Conversation, command
from startlab.errors import AgentError, StalledError
from startlab.model import Observation, Request

HELLO = b'{"hello": {"pid": 1, "no_proofs": null}, TOKEN, "id": 0}\n'
REQUEST = Request(argv=("python", "program.py"), method="spawn", timeout_s=2.0)


class Script:
    """A stream whose answers are written down beforehand, but for the `TOKEN` of the first line."""

    def __init__(self, *lines: bytes, stderr: str = "") -> None:
        self.lines = list(lines)
        self.written: list[bytes] = []
        self.stderr = stderr
        self.closed = False

    def write(self, data: bytes) -> None:
        if self.closed:
            raise BrokenPipeError("closed")
        self.written.append(data)

    def read_line(self) -> bytes:
        token = f'"token": "{json.loads(self.written[0])["token"]}"'.encode()
        return self.lines.pop(0).replace(b"TOKEN", token) if self.lines else b""

    def is_stopped(self) -> bool:
        return False

    def kill(self, pid: int) -> None:
        raise AssertionError(f"{pid} has answered in time")

    def stderr_tail(self) -> str:
        return self.stderr

    def close(self) -> None:
        self.closed = True


def test_a_trial_is_one_line_out_and_one_in() -> None:
    seen = Observation(ended="exit", exit_status=3, duration_s=0.25)
    stream = Script(HELLO, b'{"observation": ' + msgspec.json.encode(seen) + b', TOKEN, "id": 1}\n')
    agent = Conversation(stream, "/content")
    assert (agent.content, agent.no_proofs) == ("/content", None)
    assert agent.run(REQUEST) == seen
    _, line = stream.written
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line)["run"]["argv"] == ["python", "program.py"]
    agent.stop()
    assert json.loads(stream.written[2])["stop"] is True
    agent.close()
    assert stream.closed


@pytest.mark.parametrize(
    "answer",
    [b"", b"{", b'{"obs', b'{"observation": {}, TOKEN, "id": 1}\n'],
)
def test_an_agent_that_answers_nonsense_is_lost(answer: bytes) -> None:
    agent = Conversation(Script(HELLO, answer, stderr="its last words\n"), "")
    with pytest.raises(AgentError, match=r"(?s)The agent was lost: .*\nits last words"):
        agent.run(REQUEST)


def test_an_agent_that_ends_a_trial_unasked_is_lost() -> None:
    """A program of root has closed its input; the trial would be missing with no word of it."""
    seen = Observation(ended="stopped", exit_status=None, duration_s=0.25)
    stopped = b'{"observation": ' + msgspec.json.encode(seen) + b', TOKEN, "id": 1}\n'
    agent = Conversation(Script(HELLO, stopped), "")
    with pytest.raises(AgentError, match="a program has ended its input"):
        agent.run(REQUEST)


def test_an_answer_that_no_agent_gave_is_dropped() -> None:
    """A program wrote it, or it is of an earlier request."""
    forged = Observation(ended="exit", exit_status=0, duration_s=0.0)
    seen = Observation(ended="exit", exit_status=3, duration_s=0.25)
    said = msgspec.json.encode(forged)
    stream = Script(
        HELLO,
        b"\n", b"[]\n", b"\xff\n", b'{"observation": {}}\n',
        b'{"observation": ' + said + b"}\n",
        b'{"observation": ' + said + b', "id": 1, "token": ""}\n',
        b'{"observation": ' + said + b', "id": 1, "token": "\\u00e9"}\n',
        b'{"observation": ' + said + b', "id": 0, TOKEN}\n',
        b'{"within_s": 3, "id": 1, TOKEN}\n',
        b'{"observation": ' + msgspec.json.encode(seen) + b', "id": 1, TOKEN}\n',
    )  # fmt: skip
    assert Conversation(stream, "").run(REQUEST) == seen
    tokens = {json.loads(line)["token"] for line in stream.written}
    assert len(tokens) == 1
    assert len(tokens.pop()) >= 32


class Silent(Script):
    """An agent that says no more than this, and ends when it is killed."""

    def __init__(self, *lines: bytes) -> None:
        super().__init__(*lines)
        self.killed = threading.Event()

    def read_line(self) -> bytes:
        if not self.lines:
            assert self.killed.wait(60)
        return super().read_line()

    def kill(self, pid: int) -> None:
        assert pid == 1
        self.killed.set()


def test_an_agent_that_does_not_keep_its_word_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that says nothing after its first word, and the one that never starts."""
    monkeypatch.setattr(conversation, "GRACE_S", 0.1)
    agent = Conversation(Silent(HELLO, b'{"within_s": 0.1, "id": 1, TOKEN}\n'), "")
    with pytest.raises(StalledError, match="no answer for"):
        agent.run(REQUEST)
    agent = Conversation(Silent(HELLO, b'{"within_s": 500, "id": 1, TOKEN}\n'), "")
    timer = threading.Timer(0.2, agent.stop)
    timer.start()
    with pytest.raises(StalledError):
        agent.run(REQUEST)
    timer.join()


def test_an_agent_that_is_stopped_is_not_waited_for_on_a_busy_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The program that has stopped it may as well be what makes the machine busy."""
    monkeypatch.setattr(conversation, "GRACE_S", 0.1)
    monkeypatch.setattr(conversation, "load", lambda: 6000.0)

    class Stopped(Silent):
        def is_stopped(self) -> bool:
            return True

    agent = Conversation(Stopped(HELLO, b'{"within_s": 0.1, "id": 1, TOKEN}\n'), "")
    with pytest.raises(StalledError, match="no answer for 0 s"):
        agent.run(REQUEST)


@pytest.mark.parametrize("first", [b"", b"Python 2.7\n", b'{"error": "x", TOKEN, "id": 0}\n'])
def test_an_agent_that_does_not_say_hello_is_no_agent(first: bytes) -> None:
    with pytest.raises(AgentError, match="no module named agent"):
        Conversation(Script(first, stderr="no module named agent"), "")


def test_what_the_agent_could_not_do_is_reported() -> None:
    agent = Conversation(Script(HELLO, b'{"error": "KeyError: 3", TOKEN, "id": 1}\n'), "")
    with pytest.raises(AgentError, match=r"(?s)failed at python program\.py: KeyError: 3"):
        agent.run(REQUEST)


def test_a_stream_that_is_closed_is_a_lost_agent() -> None:
    stream = Script(HELLO)
    agent = Conversation(stream, "")
    stream.closed = True
    for speak in (lambda: agent.run(REQUEST), agent.stop):
        with pytest.raises(AgentError, match="closed"):
            speak()


def test_a_stop_does_not_come_into_the_middle_of_a_request() -> None:
    """A long request goes through a pipe in pieces."""
    in_write, go_on = threading.Event(), threading.Event()

    class Slow(Script):
        def write(self, data: bytes) -> None:
            if b"run" in data:
                self.written.append(data[:10])
                in_write.set()
                go_on.wait(60)
                self.written.append(data[10:])
            else:
                self.written.append(data)

    stream: Any = Slow(HELLO, b'{"error": "x", TOKEN, "id": 1}\n')
    agent = Conversation(stream, "")

    def run() -> None:
        with pytest.raises(AgentError):
            agent.run(REQUEST)

    running = threading.Thread(target=run)
    running.start()
    assert in_write.wait(60)
    stopping = threading.Thread(target=agent.stop)
    stopping.start()
    stopping.join(0.05)
    go_on.set()
    running.join(60)
    stopping.join(60)
    for line in b"".join(stream.written).splitlines():
        json.loads(line)
    assert json.loads(stream.written[-1])["stop"] is True


def test_the_command_is_isolated_from_the_environment() -> None:
    argv = command("/usr/bin/python3", "/content", None)
    assert argv[:3] == ["/usr/bin/python3", "-I", "-c"]
    assert argv[-2:] == ["/content", ""]


AT_ONCE = """
    import json, sys, threading
    from startlab.backends import interpreters
    from startlab.backends.conversation import Conversation

    class Hello:
        def write(self, data):
            self.token = json.loads(data)["token"]

        def read_line(self):
            together.wait()
            hello = {"hello": {"pid": 1, "no_proofs": None}, "token": self.token, "id": 0}
            return json.dumps(hello).encode() + b"\\n"

        def is_stopped(self):
            return False

        def kill(self, pid):
            pass

    def probed():
        together.wait()
        try:
            interpreters.environment_of({}, name="", backend="native")
        except ValueError:
            pass

    sys.setswitchinterval(1e-6)
    together = threading.Barrier(8)
    talks = [threading.Thread(target=Conversation, args=(Hello(), "")) for _ in range(4)]
    threads = [*talks, *(threading.Thread(target=probed) for _ in range(4))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


@pytest.mark.targets
def test_the_first_answers_may_come_at_once() -> None:
    for _ in range(12):  # without what makes it safe, one in four crashed
        subprocess.run([sys.executable, "-c", textwrap.dedent(AT_ONCE)], check=True)


def test_to_stop_an_agent_that_was_just_ended_is_an_error_of_the_agent() -> None:
    agent = Conversation(Script(HELLO), "")
    agent.close()
    with pytest.raises(AgentError, match="has been ended"):
        agent.stop()

"""The interpreters of this host as environments, and agents on them."""

from __future__ import annotations

import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from startlab.backends import interpreters, leftovers, pipes
from startlab.backends.native import NativeBackend
from startlab.backends.pipes import Pipes
from startlab.errors import AgentError, SelectionError
from startlab.model import Environment

pytestmark = pytest.mark.native

OWN = f"host-{sys.version_info[0]}.{sys.version_info[1]}"


def test_names_and_environments_are_the_same() -> None:
    backend = NativeBackend()
    found = [each for each in backend.environments([]) if isinstance(each, Environment)]
    assert [each.name for each in found] == backend.names([])
    assert found[0].name == OWN
    assert {each.backend for each in found} == {"native"}


def test_selectors_choose_and_a_wrong_one_is_an_error() -> None:
    backend = NativeBackend()
    assert backend.names([OWN]) == [OWN]
    assert [each.name for each in backend.environments([OWN])] == [OWN]
    for ask in (backend.names, lambda wanted: list(backend.environments(wanted))):
        with pytest.raises(SelectionError, match=rf"matches no environment.*{OWN}"):
            ask(["nowhere-*"])


def test_an_agent_runs_trials_of_any_environment(request_of: Any) -> None:
    backend = NativeBackend()
    environment = next(interpreters.find())
    agent = backend.agent(environment)
    seen = agent.run(request_of(environment.executable, "-c", "print('hello')"))
    assert seen.stdout.text() == "hello\n"
    agent.close()
    backend.close()
    assert agent._stream._process.returncode == 0  # type: ignore[attr-defined]


def test_an_agent_that_is_killed_is_lost_at_once(request_of: Any) -> None:
    """While the program, which nobody ends, still waits for the test."""
    agent = NativeBackend().agent(next(interpreters.find()))
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:
        code = f"import socket; socket.create_connection({server.getsockname()}).recv(1)"
        running = pool.submit(agent.run, request_of(sys.executable, "-c", code))
        program, _ = server.accept()
        with program:
            agent._stream._process.kill()  # type: ignore[attr-defined]
            with pytest.raises(AgentError, match="The agent was lost"):
                running.result(60)
    agent.close()


def test_a_long_request_goes_through(request_of: Any) -> None:
    agent = NativeBackend().agent(next(interpreters.find()))
    data = os.urandom(3_000_000)
    code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
    seen = agent.run(request_of(sys.executable, "-c", code, stdin=data, keep_bytes=2_000_000))
    assert seen.stdout.head + seen.stdout.tail == data
    agent.close()


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are those of a Unix")
def test_an_agent_gets_no_ctrl_c() -> None:
    agent = NativeBackend().agent(next(interpreters.find()))
    pid = agent._stream._process.pid  # type: ignore[attr-defined]
    assert os.getpgid(pid) == pid != os.getpgid(0)
    agent.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the clock tells of a start")
def test_an_agent_lives_however_the_clock_jumps(scratch_of: Any, request_of: Any) -> None:
    """A folder's times are those of the clock; here they say that the agent came a day later."""
    agent = NativeBackend().agent(next(interpreters.find()))
    scratch = scratch_of(agent)
    os.utime(scratch, (0, 86400))
    assert str(scratch) not in "".join(leftovers.clean())
    assert agent.run(request_of(sys.executable, "-c", "print(1)")).stdout.text() == "1\n"
    agent.close()


def test_what_cannot_be_started_is_reported() -> None:
    with pytest.raises(AgentError, match=r"could not be started: .*nowhere"):
        Pipes(["/nowhere/python"])


def test_what_an_agent_says_last_is_kept() -> None:
    code = "import sys; sys.stderr.write('x' * 9000 + 'the end'); sys.exit(1)"
    stream = Pipes([sys.executable, "-c", code])
    assert stream.read_line() == b""
    tail = stream.stderr_tail()
    assert tail.endswith("xthe end")
    assert len(tail) == 4000
    stream.close()


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "LONGEST_LINE", 999 + len(os.linesep))
    stream = Pipes([sys.executable, "-c", "print('x' * 999); print('x' * 100_000)"])
    assert stream.read_line() == b"x" * 999 + os.linesep.encode()
    with pytest.raises(ConnectionError, match="a line of more than 100"):
        stream.read_line()
    stream.close()

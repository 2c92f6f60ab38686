"""Control groups: what an agent's programs have started is found there, whatever it does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from startlab.backends import cgroups, leftovers
from startlab.backends.conversation import Conversation, command
from startlab.backends.pipes import CONTENT, Pipes
from startlab.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.native

ESCAPES = """
import os, signal, sys
agent = os.getppid()
if not os.fork():
    os.setsid()
    os.execve("/bin/sleep", ["sleep", "600"], {})
if len(sys.argv) > 1:
    os.kill(agent, signal.SIGKILL)
"""
"""What bears no mark of a trial, and is in no session of it; with an argument its agent dies."""


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    """Give the streams of an agent that has a cgroup."""
    if sys.platform != "linux":
        pytest.skip("cgroups are Linux's")
    stream = Pipes(command(sys.executable, str(CONTENT), None))
    if stream._cgroup is None:
        stream.close()
        pytest.skip("no cgroup can be made here: the tree is not ours, or it is version 1")
    yield stream
    stream.close()


def folder_of(pipes: Pipes) -> Path:
    assert pipes._cgroup is not None
    return pipes._cgroup.folder


def test_an_agent_and_its_programs_are_in_it_and_it_goes_with_the_agent(
    pipes: Pipes, request_of: Any
) -> None:
    agent = Conversation(pipes, str(CONTENT))
    seen = agent.run(request_of(sys.executable, "-c", "print(open('/proc/self/cgroup').read())"))
    assert folder_of(pipes).name in seen.stdout.text()
    assert pipes._cgroup is not None
    assert pipes._cgroup.members() == [pipes._process.pid]
    agent.close()
    assert not folder_of(pipes).exists()


def test_what_has_killed_its_agent_and_bears_no_mark_is_ended(
    pipes: Pipes, request_of: Any
) -> None:
    agent = Conversation(pipes, str(CONTENT))
    with pytest.raises(AgentError, match="was lost"):
        agent.run(request_of(sys.executable, "-c", ESCAPES, "kill"))
    assert pipes._cgroup is not None
    left = [psutil.Process(each) for each in pipes._cgroup.members() if each != pipes._process.pid]
    assert left
    agent.close()
    assert not any(each.is_running() and each.status() != "zombie" for each in left)
    assert not folder_of(pipes).exists()


def test_clean_ends_what_a_killed_run_has_left_in_it(
    pipes: Pipes, eventually: Callable[..., None]
) -> None:
    """The agent is killed with nobody to tidy up after it, as where startlab is killed too."""
    folder = folder_of(pipes)
    inner = folder / "inner"  # a program of root may make one
    inner.mkdir()
    escaped = subprocess.Popen(["/bin/sleep", "600"], env={}, start_new_session=True)
    (inner / "cgroup.procs").write_text(f"{escaped.pid}")
    other = f"process {escaped.pid}: /bin/sleep 600"
    assert other not in leftovers.clean()  # its agent lives
    pipes._process.kill()
    pipes._process.wait()
    removed = leftovers.clean()
    assert other in removed
    assert escaped.wait(60) < 0
    eventually(lambda: not folder.exists())


@pytest.mark.parametrize("elsewhere", [False, True])
def test_an_agent_of_another_pid_namespace_is_not_taken_for_dead(
    pipes: Pipes, *, elsewhere: bool
) -> None:
    """Its pid is another one here: a campaign in namespaces of its own lost agents to others."""
    number = cgroups.namespace() + elsewhere
    folder = folder_of(pipes).parent / f"startlab-{2**22 + 1}-1-{number}"
    folder.mkdir()
    living = subprocess.Popen(["/bin/sleep", "600"], env={}, start_new_session=True)
    try:
        (folder / "cgroup.procs").write_text(f"{living.pid}")
        assert (folder in [each.folder for each in cgroups.of_dead_agents()]) != elsewhere
    finally:
        living.kill()
        living.wait()
        cgroups.Cgroup(folder).remove()


def test_where_none_can_be_made_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "own", lambda: None)
    assert cgroups.make(os.getpid()) is None
    monkeypatch.setattr(cgroups, "own", lambda: Path("/proc/self/nowhere"))
    assert cgroups.make(os.getpid()) is None
    assert cgroups.make(2**22 + 1) is None

"""Trees in a container, looked at from the host and from a container beside theirs.

All programs that `startlab why` is tried on run in one container, each in a session of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import psutil
import pytest

import startlab
from startlab.backends import attach, uv
from startlab.backends.docker import engine as engines
from startlab.backends.docker.images import BuildOptions, Image, Images
from startlab.backends.py_spy import py_spy
from startlab.errors import LookError
from startlab.model import Look
from tests.attach.programs import (
    DEAD,
    HERE,
    WITHIN_S,
    Program,
    Told,
    ask,
    end_session,
    programs,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _pytest.mark import ParameterSet
    from docker.models.containers import Container

    from docker import DockerClient

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a thread waits for"),
    pytest.mark.skipif(py_spy() is None, reason="there is no py-spy here"),
]

AT_ONCE = 4
FEW = ("barrier_short_under_forkserver", "connection_in_the_tree", "locks_in_two_orders")
IMAGES = ("linux-3.13", "linux-3.14")
THERE = "/programs"
PACKAGES = "/opt/site-packages"
IDLE = ["sleep", "infinity"]
SILENT_PORT = 7000
SILENT = f"""
import socket
server, accepted = socket.create_server(("127.0.0.1", {SILENT_PORT})), []
while True:
    accepted.append(server.accept())
"""


class Place(NamedTuple):
    """A container in which programs run, one beside it, and a folder that the first one shares."""

    client: DockerClient
    image: Image
    container: Container
    beside: Container
    shared: Path

    @contextmanager
    def running(self, program: Program) -> Iterator[int]:
        """Run a program until it says that it is ready; give its number on the host."""
        path = f"{THERE}/{program.path.relative_to(HERE)}"
        with ExitStack() as stack:
            name = stack.enter_context(tempfile.TemporaryDirectory(dir=self.shared))
            folder = Path(name)
            folder.chmod(0o777)
            if program.note("other") is not None:
                stack.enter_context(self._started([path, name, "other"], folder))
            words = [path, name, str(SILENT_PORT)]
            stdin, terminal = (program.note(each) is not None for each in ("stdin", "terminal"))
            yield stack.enter_context(self._started(words, folder, stdin=stdin, terminal=terminal))

    @contextmanager
    def _started(
        self, argv: list[str], folder: Path, *, stdin: bool = False, terminal: bool = False
    ) -> Iterator[int]:
        out = folder / f"{argv[-1]}.out"
        out.touch()
        out.chmod(0o666)
        made = self.client.api.exec_create(
            self.container.id,
            ["sh", "-c", f'exec "$@" > {out} 2>&1', "sh", self.image.agent, "-u", *argv],
            stdin=stdin,
            tty=terminal,
            workdir=str(folder),
            environment={"PYTHONPATH": PACKAGES},
        )["Id"]
        with ExitStack() as stack:
            attached = self.client.api.exec_start(made, socket=True)
            stack.callback(attached.close)
            stack.callback(getattr(attached, "_sock", attached).close)
            deadline = time.monotonic() + WITHIN_S
            while not (pid := int(self.client.api.exec_inspect(made)["Pid"])):
                assert time.monotonic() < deadline, "it was not started"
            assert namespace(pid) != namespace(os.getpid())
            stack.callback(end_session, pid)
            while "ready" not in out.read_text() and not (folder / "ready").exists():
                assert time.monotonic() < deadline, out.read_text()
                time.sleep(0.05)
            other = re.search(r"pid (\d+)", out.read_text())
            yield pid if other is None else self._number(int(other[1]))

    def _number(self, called: int) -> int:
        """Give the number here of a process that is called something in the container."""
        first = engines.first_process(self.client, str(self.container.id))
        (pid,) = (
            pid
            for pid in psutil.pids()
            if numbers(pid)[-1:] == [called] and namespace(pid) == namespace(first)
        )
        return pid

    def told(self, program: Program) -> tuple[Told, Told]:
        """Ask about a program from the host, and from beside it."""
        with self.running(program) as pid:
            return (
                ask(program, lambda: attach.look([pid], patience_s=program.patience_s)),
                ask(program, lambda: self._from_beside(numbers(pid)[-1])),
            )

    def _from_beside(self, pid: int) -> Look:
        argv = [sys.executable, "-m", "startlab", "why", str(pid), "--json"]
        said, complaint = self.beside.exec_run(argv, demux=True).output
        if not isinstance(said, bytes):
            raise LookError(str(complaint))
        return msgspec.json.decode(said, type=Said).look


class Said(msgspec.Struct):
    look: Look


def numbers(pid: int) -> list[int]:
    """Give what a process is called here, and in its container; nothing of one that has ended."""
    from startlab.agent.proof import procfs  # on Linux alone

    try:
        return procfs.numbers(pid)
    except OSError:
        return []


def namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


@contextmanager
def place(client: DockerClient, name: str, needs: set[str | None]) -> Iterator[Place]:
    """Start both containers; what programs need is there, for their Python."""
    image = Images(client, BuildOptions(), print).make(name)
    assert isinstance(image, Image), image.reason
    with ExitStack() as stack:
        shared = stack.enter_context(tempfile.TemporaryDirectory(prefix="startlab-"))
        packages = stack.enter_context(tempfile.TemporaryDirectory(prefix="startlab-"))
        Path(shared).chmod(0o777)
        Path(packages).chmod(0o755)
        install(packages, name.rpartition("-")[2], filter(None, needs))
        there = {str(HERE): THERE, packages: PACKAGES}
        container = client.containers.run(
            image.id,
            IDLE,
            init=True,
            detach=True,
            volumes={each: {"bind": at, "mode": "ro"} for each, at in there.items()}
            | {shared: {"bind": shared, "mode": "rw"}},
        )
        stack.callback(container.remove, force=True, v=True)
        own = {sys.base_prefix, sys.prefix, str(Path(startlab.__file__).parents[1])}
        beside = client.containers.run(
            image.id,
            IDLE,
            user="0",  # for the folders of another user
            pid_mode=f"container:{container.id}",
            network_mode=f"container:{container.id}",
            cap_add=["SYS_PTRACE"],
            volumes={folder: {"bind": folder, "mode": "ro"} for folder in own},
            detach=True,
        )
        stack.callback(beside.remove, force=True, v=True)
        container.exec_run([image.agent, "-c", SILENT], detach=True)
        yield Place(client, image, container, beside, Path(shared))


def install(target: str, version: str, needs: Iterable[str]) -> None:
    packages = sorted("pytest-xdist" if each == "xdist" else each for each in needs)
    if not packages:
        return
    subprocess.run(
        [
            str(uv.find()), "pip", "install", "--quiet", "--target", target,
            "--python-version", version, "--only-binary", ":all:", *packages,
        ],
        env=os.environ | (uv.variables(None) or {}),
        check=True,
    )  # fmt: skip


Results = dict[tuple[str, Program], Future[tuple[Told, Told]]]


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest, engine: DockerClient) -> Iterator[Results]:
    """Ask about the programs of all tests that were selected, some at once, in the tests' order."""
    every: list[dict[str, Any]] = [
        item.callspec.params
        for item in request.session.items
        if item.path == request.path and isinstance(item, pytest.Function)
    ]
    wanted = [(str(each["image"]), each["program"]) for each in every]
    with ExitStack() as stack:
        needs: dict[str, set[str | None]] = {}
        for name, program in wanted:
            needs.setdefault(name, set()).add(program.note("needs"))
        places = {
            name: stack.enter_context(place(engine, name, them)) for name, them in needs.items()
        }
        executor = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        yield {
            (name, program): executor.submit(places[name].told, program) for name, program in wanted
        }
        executor.shutdown(cancel_futures=True)


def all_programs(kind: str) -> list[ParameterSet]:
    found = []
    for name in IMAGES:
        for each in programs(kind):
            (program,) = each.values
            assert isinstance(program, Program)
            few = name == IMAGES[0] and program.path.stem in FEW
            marks = [] if few else [pytest.mark.wide]
            found.append(pytest.param(name, program, id=f"{name}-{program.path.stem}", marks=marks))
    return found


@pytest.mark.parametrize(("image", "program"), all_programs("hung"))
def test_a_hung_tree_in_a_container_is_told_with_its_process_and_line(
    results: Results, image: str, program: Program
) -> None:
    for found in results[image, program].result():
        assert found.trees
        assert not found.wrong, found.sentences[-1]


@pytest.mark.parametrize(("image", "program"), all_programs("living"))
def test_a_living_tree_in_a_container_is_never_called_dead(
    results: Results, image: str, program: Program
) -> None:
    for found in results[image, program].result():
        assert not [each for each in found.trees if each.verdict.kind in DEAD], found.sentences

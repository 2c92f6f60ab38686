"""Trees in containers, looked at from the host and from a container beside theirs."""

from __future__ import annotations

import re
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

import startlab
from startlab.backends import attach
from startlab.backends.docker import engine as engines
from startlab.backends.py_spy import py_spy
from startlab.diagnosis import tree as trees
from startlab.model import Look
from startlab.report import why as report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker.models.containers import Container

    from docker import DockerClient
    from startlab.backends.docker.images import Image

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a thread waits for"),
    pytest.mark.skipif(py_spy() is None, reason="there is no py-spy here"),
]

AT_ONCE = 4
HUNG = Path(__file__).parents[1] / "attach" / "hung"
WITHIN_S = 90.0
FOLDER = "/tmp"  # noqa: S108 - in a container
PATIENCE_S = 15.0
PROGRAMS = ("barrier_short_under_forkserver", "connection_in_the_tree", "locks_in_two_orders")
MORE = (
    "both_send_too_much",
    "executor_worker_locked",
    "fifo_nobody_writes",
    "fork_under_a_lock",
    "join_before_drain",
    "lock_of_the_parent",
    "pool_worker_killed",
    "queue_never_filled",
    "rlock_of_a_parents_thread",
)


class Program:
    """A program of those that hang, in a container."""

    def __init__(self, name: str) -> None:
        self.path = HUNG / f"{name}.py"
        self._text = self.path.read_text()
        lines = self._text.splitlines()
        self.here = next((n for n, line in enumerate(lines, 1) if "# here" in line), None)

    def note(self, name: str) -> str:
        found = re.search(rf"^# {name}: (.*)$", self._text, re.MULTILINE)
        return found[1] if found else ""

    @contextmanager
    def running(self, client: DockerClient, image: Image) -> Iterator[Container]:
        """Run it until it says that it is ready."""
        container = client.containers.run(
            image.id,
            [image.agent, "-u", f"/hung/{self.path.name}", FOLDER, "0"],
            volumes={str(HUNG): {"bind": "/hung", "mode": "ro"}},
            detach=True,
        )
        try:
            deadline = time.monotonic() + WITHIN_S
            while b"ready" not in container.logs():
                assert time.monotonic() < deadline, container.logs().decode()
                time.sleep(0.05)
            yield container
        finally:
            container.remove(force=True, v=True)

    def wrong(self, look: Look) -> str:
        """Say what is not right of what is said about it."""
        tree = trees.explain(look)
        sentence = " ".join((report.sentence(tree), *report.details(tree)))
        if tree.verdict.kind not in self.note("verdict").split(", "):
            return sentence
        dead = {(each.pid, each.tid) for each in look.seen if each.dead} | {tree.verdict.leaf}
        lines = [t.where for p in tree.processes for t in p.threads if (p.pid, t.tid) in dead]
        here = f"{self.path.name}:{self.here}"
        right = self.note("who").lower() in sentence.lower()
        right &= self.here is None or here in lines
        if self.note("outside"):
            outside = tree.verdict.outside
            right &= outside is not None and outside.kind == self.note("outside")
        return "" if right else f"{sentence} {lines}"

    def looked_at(self, client: DockerClient, image: Image) -> tuple[str, str]:
        """Look at it from the host and from a container beside it; say what is wrong there."""
        with self.running(client, image) as container:
            pid = engines.first_process(client, str(container.name))
            return (
                self._until_right(lambda: attach.look([pid], patience_s=PATIENCE_S)),
                self._until_right(lambda: from_sidecar(client, image, container)),
            )

    def _until_right(self, look: Callable[[], Look]) -> str:
        """Look until it is at rest: it says that it is ready just before."""
        deadline = time.monotonic() + WITHIN_S
        while (wrong := self.wrong(look())) and time.monotonic() < deadline:
            pass
        return wrong


def from_sidecar(client: DockerClient, image: Image, container: Container) -> Look:
    """Look from a second container that shares the first one's namespaces, as root with a right."""
    folders = {sys.base_prefix, sys.prefix, str(Path(startlab.__file__).parents[1])}
    beside = client.containers.run(
        image.id,
        [sys.executable, "-m", "startlab", "why", "1", "--json"],
        user="0",  # for the folders of another user
        pid_mode=f"container:{container.id}",
        network_mode=f"container:{container.id}",
        cap_add=["SYS_PTRACE"],
        volumes={folder: {"bind": folder, "mode": "ro"} for folder in folders},
        detach=True,
    )
    try:
        beside.wait()
        said = beside.logs(stderr=False)
        assert said, beside.logs()
        return msgspec.json.decode(said, type=Said).look
    finally:
        beside.remove(force=True, v=True)


class Said(msgspec.Struct):
    look: Look


@pytest.fixture(scope="module")
def looks(
    request: pytest.FixtureRequest, engine: DockerClient, debian_image: Image
) -> Iterator[dict[str, Future[tuple[str, str]]]]:
    """Look at the programs of all tests that were selected, some at once, in the tests' order."""
    with ThreadPoolExecutor(AT_ONCE) as executor:
        futures = {
            name: executor.submit(Program(name).looked_at, engine, debian_image)
            for item in request.session.items
            if item.path == request.path and isinstance(item, pytest.Function)
            for name in [str(item.callspec.params["program"])]
        }
        yield futures
        for future in futures.values():
            future.cancel()


@pytest.mark.parametrize(
    "program", [*PROGRAMS, *(pytest.param(each, marks=pytest.mark.wide) for each in MORE)]
)
def test_a_tree_in_a_container(looks: dict[str, Future[tuple[str, str]]], program: str) -> None:
    assert looks[program].result() == ("", "")

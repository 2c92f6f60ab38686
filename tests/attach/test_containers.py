"""What `startlab why` says from outside of trees in containers, of Pythons that are not here."""

from __future__ import annotations

import io
import os
import sys
import tarfile
import time
from typing import TYPE_CHECKING

import pytest

from startlab.backends import attach
from startlab.backends.docker.engine import connect, first_process
from startlab.backends.docker.images import BuildOptions, Images
from startlab.backends.py_spy import py_spy
from startlab.errors import EngineError
from startlab.model import Unavailable
from tests.attach.programs import DEAD, HERE, WITHIN_S, Program, ask

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from _pytest.mark import ParameterSet

    from docker import DockerClient

pytestmark = [
    pytest.mark.docker,
    pytest.mark.targets,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a thread waits for"),
    pytest.mark.skipif(
        sys.platform != "win32" and os.getuid() != 0, reason="only root may look into a container"
    ),
]

PYTHONS = ("linux-3.14", "linux-3.15")
HUNG = [
    Program(HERE / "hung" / f"{name}.py")
    for name in (
        "executor_worker_locked",
        "barrier_short_under_forkserver",
        "rlock_of_a_parents_thread",
        "threads_in_two_orders",
    )
]
LIVING = [
    Program(HERE / "living" / f"{name}.py") for name in ("pool_without_work", "asyncio_ticks")
]
BY = {"memory": None, "py-spy": py_spy()}
"""What reads the Python stacks."""


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerClient]:
    try:
        client = connect()
    except EngineError as error:
        if os.environ.get("STARTLAB_REQUIRE_DOCKER") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))
    yield client
    client.close()


def shown_by_one(every: Sequence[str | Program]) -> list[ParameterSet]:
    """Give the first as it is, and the others as `wide`: they show the same."""
    return [
        pytest.param(
            each,
            id=each if isinstance(each, str) else each.path.stem,
            marks=[] if each == every[0] else [pytest.mark.wide],
        )
        for each in every
    ]


@pytest.fixture(scope="module", params=shown_by_one(PYTHONS))
def image(engine: DockerClient, request: pytest.FixtureRequest) -> tuple[str, str]:
    """Give the image, and the Python in it."""
    bases = os.environ.get("STARTLAB_BASES", "auto")
    images = Images(engine, BuildOptions(bases=bases), print)  # type: ignore[arg-type]
    made = images.make(request.param)
    if isinstance(made, Unavailable):
        pytest.skip(made.reason)
    return made.id, made.target


@pytest.fixture
def pid(engine: DockerClient, image: tuple[str, str], program: Program) -> Iterator[int]:
    """Run a program in a container until it says that it is ready."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(program.path, f"tmp/{program.path.name}")
    command = [image[1], "-u", f"/tmp/{program.path.name}", "/tmp", "9"]  # noqa: S108 - in there
    container = engine.containers.create(image[0], command, network_mode="none")
    try:
        container.put_archive("/", packed.getvalue())
        container.start()
        deadline = time.monotonic() + WITHIN_S
        while b"ready" not in container.logs():
            assert time.monotonic() < deadline, container.logs()
            time.sleep(0.05)
        yield first_process(engine, container.id or "")
    finally:
        container.remove(force=True)


@pytest.fixture(
    params=["memory", *[pytest.param("py-spy", marks=pytest.mark.wide)] * bool(py_spy())]
)
def _reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attach, "py_spy", lambda: BY[request.param])


@pytest.mark.usefixtures("_reader")
@pytest.mark.parametrize("program", shown_by_one(HUNG))
def test_a_hung_tree_is_told_with_its_process_and_line(program: Program, pid: int) -> None:
    found = ask(program, lambda: attach.look([pid], patience_s=program.patience_s))
    assert not found.wrong, found.sentences[-1]


@pytest.mark.usefixtures("_reader")
@pytest.mark.parametrize("program", shown_by_one(LIVING))
def test_a_living_tree_is_never_called_dead(program: Program, pid: int) -> None:
    found = ask(program, lambda: attach.look([pid], patience_s=program.patience_s))
    assert not [tree for tree in found.trees if tree.verdict.kind in DEAD], found.sentences

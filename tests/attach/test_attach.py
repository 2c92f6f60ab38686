"""What `startlab why` says of real trees, hung and living, that were running before it looked."""

from __future__ import annotations

import functools
import os
import platform
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from startlab.backends import attach, interpreters
from startlab.backends.py_spy import py_spy
from tests.attach.programs import (
    DEAD,
    WITHIN_S,
    Program,
    Told,
    ask,
    end_session,
    every,
    programs,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.native,
    pytest.mark.targets,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a thread waits for"),
    pytest.mark.skipif(py_spy() is None, reason="there is no py-spy here"),
]

Asked = tuple[Program, str]
"""A program and the Python that runs it."""

SHOWN_WITHOUT_THE_GIL = (
    "executor_worker_locked",
    "fork_under_a_lock",
    "lock_of_the_parent",
    "pool_worker_killed",
    "spins",
    "threads_in_two_orders",
)
WITHOUT_THE_GIL = [
    pytest.param(
        each,
        id=each.path.stem,
        marks=[pytest.mark.free_threaded]
        + [pytest.mark.wide] * (each.path.stem not in SHOWN_WITHOUT_THE_GIL),
    )
    for each in (*every("hung"), *every("living"))
    if each.note("needs") is None
]
AT_ONCE = 4  # most programs sleep most of the time
# pytest changes its own with every test, while programs are started from other threads.
ENVIRONMENT = dict(os.environ)


@contextmanager
def running(program: Program, folder: Path, python: str = sys.executable) -> Iterator[int]:
    """Run a program until it says that it is ready; give the process to ask about."""
    with ExitStack() as stack:
        words = [str(folder), str(stack.enter_context(silent_port()))]
        if program.note("other") is not None:
            stack.enter_context(started(program, [str(folder), "other"], folder, python))
        yield stack.enter_context(started(program, words, folder, python))


@contextmanager
def silent_port() -> Iterator[int]:
    """Give a port that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as accepted:

        def accept() -> None:
            with suppress(OSError):  # it is shut down
                while True:
                    accepted.enter_context(server.accept()[0])

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def started(program: Program, words: list[str], folder: Path, python: str) -> Iterator[int]:
    stdin = subprocess.PIPE if program.note("stdin") is not None else subprocess.DEVNULL
    master = slave = None
    if program.note("terminal") is not None:
        master, slave = os.openpty()
    process = subprocess.Popen(
        [python, str(program.path), *words],
        stdin=slave if slave is not None else stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
        cwd=folder,
        env=ENVIRONMENT,
    )
    said: list[str] = []
    reader = threading.Thread(target=keep, args=(process, said), daemon=True)
    reader.start()
    try:
        deadline = time.monotonic() + WITHIN_S
        while not any("ready" in line for line in said) and not (folder / "ready").exists():
            assert time.monotonic() < deadline, "it did not get as far as that"
            time.sleep(0.02)
        other = re.search(r"pid (\d+)", "".join(said))
        yield int(other[1]) if other else process.pid
    finally:
        end_session(process.pid)
        process.wait()
        for fd in filter(None, (master, slave)):
            os.close(fd)
        if process.stdin is not None:
            process.stdin.close()
        reader.join(5)


def keep(process: subprocess.Popen[str], said: list[str]) -> None:
    assert process.stdout is not None
    with process.stdout:
        said.extend(iter(process.stdout.readline, ""))


def told(program: Program, python: str = sys.executable) -> Told:
    """Run a program and ask about it."""
    with tempfile.TemporaryDirectory(prefix="startlab-") as folder:  # noqa: SIM117
        with running(program, Path(folder), python) as pid:
            return ask(program, lambda: attach.look([pid], patience_s=program.patience_s))


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> Iterator[dict[Asked, Future[Told]]]:
    """Ask about the programs of all tests that were selected, some at once, in the tests' order."""
    with ThreadPoolExecutor(AT_ONCE) as executor:
        futures: dict[Asked, Future[Told]] = {}
        for item in request.session.items:
            callspec = getattr(item, "callspec", None)
            program = callspec.params.get("program") if callspec is not None else None
            if isinstance(program, Program) and not program.lacks:
                free = item.get_closest_marker("free_threaded")
                for python in without_the_gil() if free else [sys.executable]:
                    futures[program, python] = executor.submit(told, program, python)
        yield futures
        for future in futures.values():
            future.cancel()


def result(
    results: dict[Asked, Future[Told]], program: Program, python: str = sys.executable
) -> Told:
    if program.lacks:
        pytest.skip(f"{program.lacks} is not installed here")
    return results[program, python].result()


@functools.cache
def without_the_gil() -> list[str]:
    return [str(each.executable) for each in interpreters.find() if each.free_threaded]


@pytest.mark.parametrize("program", programs("hung"))
def test_a_hung_tree_is_told_with_its_process_and_line(
    results: dict[Asked, Future[Told]], program: Program
) -> None:
    found = result(results, program)
    assert found.trees
    assert not found.wrong, found.sentences[-1]


@pytest.mark.parametrize("program", programs("living"))
def test_a_living_tree_is_never_called_dead(
    results: dict[Asked, Future[Told]], program: Program
) -> None:
    found = result(results, program)
    assert not [tree for tree in found.trees if tree.verdict.kind in DEAD], found.sentences


@pytest.mark.parametrize("program", WITHOUT_THE_GIL)
def test_a_build_without_the_gil_is_told_as_others_are(
    results: dict[Asked, Future[Told]], program: Program
) -> None:
    if not without_the_gil():
        pytest.skip("no free-threaded Python is installed here")
    for python in without_the_gil():
        found = result(results, program, python)
        dead = [tree for tree in found.trees if tree.verdict.kind in DEAD]
        assert not (dead if program.lives else found.wrong), (python, found.sentences[-1])


def test_who_has_yet_to_read_a_message_is_not_said_to_have_the_lock() -> None:
    from startlab.agent.attach import outside  # on Linux alone
    from startlab.agent.proof import procfs
    from startlab.agent.proof.facts import Obstacle

    futex = {"x86_64": 202, "aarch64": 98}[platform.machine()]
    line = b"%d 0x1000 0x189 0x0 0x0 0x0 0xffffffff 0x7ffc 0x7f00" % futex
    thread = procfs.thread(os.getpid(), os.getpid(), line)
    naming = outside.Naming(frozenset())
    beside = os.getppid()
    assert naming.of(thread, None, [Obstacle("descriptor under way", beside)]) == []
    (found,) = naming.of(thread, None, [Obstacle("lock of outsider", beside)])
    assert (found.kind, found.holders[0].pid) == ("lock", beside)

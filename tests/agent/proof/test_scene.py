"""What only the whole scene of real processes tells: how long a sleep lasts, whose a socket is."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if sys.platform != "linux":
    pytest.skip("only Linux shows what a thread waits for", allow_module_level=True)
assert sys.platform == "linux"  # the type checker skips this module elsewhere

from startlab.agent.proof import procfs, ptrace, waits  # noqa: E402 - Linux only
from startlab.agent.proof.scene import Process, Scene  # noqa: E402 - Linux only

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.native

LOCK = """
import threading
lock = threading.Lock()
lock.acquire()
while True:
    lock.acquire(timeout={s})
"""
# As glibc before 2.34 has it, on which Debian 11 runs Python 2.7: a timeval, and not a timespec.
SELECT = """
import ctypes
while True:
    timeval = (ctypes.c_long * 2)(int({s}), int({s} % 1 * 1e6))
    ctypes.CDLL(None).syscall(23, 0, None, None, None, timeval)
"""


@pytest.mark.parametrize(("seconds", "nap"), [(0.3, True), (30.0, False)])
@pytest.mark.parametrize(
    ("program", "call"),
    [
        pytest.param(LOCK, "futex", id="lock"),
        pytest.param(
            SELECT,
            "select",
            id="select",
            marks=pytest.mark.skipif(platform.machine() != "x86_64", reason="has no select(2)"),
        ),
    ],
)
def test_a_nap_is_short(
    eventually: Callable[[Callable[[], object]], None],
    program: str,
    call: str,
    seconds: float,
    *,
    nap: bool,
) -> None:
    with subprocess.Popen([sys.executable, "-c", program.format(s=seconds)]) as process:
        try:

            def sleeps() -> bool:
                inside = waits.parse(procfs.call(process.pid, process.pid))
                wait = inside and waits.decode(inside, platform.machine())
                return isinstance(wait, waits.Open) and wait.timed and wait.name == call

            eventually(sleeps)
            thread = ptrace.asleep(process.pid)
            scene = Scene((Process(procfs.stat(process.pid), (thread,)),))
            assert scene.may_wake(thread).timed
            assert scene.naps(thread) == nap
        finally:
            process.kill()


def test_a_listener_of_this_version_of_multiprocessing_is_told_by_its_name() -> None:
    """3.14 has given its file another name."""
    program = """
from multiprocessing.connection import Listener
listener = Listener(family="AF_UNIX")
print(listener.address, flush=True)
listener.accept()
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        name = process.stdout.readline().rstrip()
        directory = Path(os.fsdecode(name)).parent
        try:
            thread = ptrace.asleep(process.pid)
            scene = Scene((Process(procfs.stat(process.pid), (thread,)),))
            assert scene._own_listener(thread, name)
            assert not scene._own_listener(thread, name + b"/another")
            directory.chmod(0o755)
            assert not scene._own_listener(thread, name)
        finally:
            process.kill()
            shutil.rmtree(directory)

"""How long a sleeping thread of a real process has left: as short as a poller's, or longer."""

from __future__ import annotations

import platform
import subprocess
import sys
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
            assert scene.timed(thread)
            assert scene.naps(thread) == nap
        finally:
            process.kill()

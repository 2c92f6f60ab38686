"""What of a snapshot may change while threads go round, and what may not."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

if sys.platform != "linux":
    pytest.skip("only Linux shows what a thread waits for", allow_module_level=True)
assert sys.platform == "linux"  # the type checker skips this module elsewhere

from startlab.agent.proof import procfs, ptrace  # noqa: E402 - Linux only
from startlab.agent.proof.members import Members  # noqa: E402 - Linux only
from startlab.agent.proof.prover import Prover, settled  # noqa: E402 - Linux only
from startlab.agent.proof.scene import Process, Snapshot  # noqa: E402 - Linux only

THREAD = procfs.Thread(
    pid=7, tid=7, call=b"230 0x1", state="S", voluntary=3, involuntary=0, pending=0, blocked=0,
    ignored=0, caught=0, tracer=0, dumping=False, seccomp=(0, 0),
)  # fmt: skip
STAT = procfs.Stat(pid=7, name="python", state="S", parent=1, group=7, session=7, started=100)


def job(state: str, thread: procfs.Thread = THREAD) -> Snapshot:
    return (Process(STAT._replace(state=state), (thread,)),)


def test_a_first_thread_that_goes_round_may_be_seen_running() -> None:
    """By the state of its process, too: else a busy machine makes each look unlike the last."""
    runs = job("R", THREAD._replace(state="R", call=b"running", voluntary=9, involuntary=2))
    assert settled(runs, {7}) == settled(job("S"), {7})
    assert settled(runs, set()) != settled(job("S"), set())
    assert settled(job("S", THREAD._replace(caught=1)), {7}) != settled(job("S"), {7})


def test_the_end_of_a_process_is_no_round() -> None:
    ended = (Process(STAT._replace(state="Z"), ()),)
    assert settled(ended, {7}) != settled(job("S"), {7})


TWO_LOCKED = """
import threading
lock = threading.Lock()
lock.acquire()
thread = threading.Thread(target=lock.acquire)
thread.start()
print("started", flush=True)
thread.join()
"""


@pytest.mark.native
@pytest.mark.skipif(not ptrace.works(), reason="ptrace is not allowed here")
def test_the_thread_that_handles_signals_is_not_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal would go to another thread meanwhile, and the first one would sleep on forever."""
    stopped = []
    ask = ptrace.ask

    def noted(thread: procfs.Thread, *args: Any, **more: Any) -> ptrace.Answer:
        stopped.append(thread)
        return ask(thread, *args, **more)

    monkeypatch.setattr(ptrace, "ask", noted)
    command = [sys.executable, "-c", TWO_LOCKED]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"started\n"
            prover = Prover(Members([process.pid], inclusive=True), "", share=1.0)
            while (found := prover.look()) is None:
                pass
        finally:
            process.kill()
    assert found.grade == "proven"
    assert stopped
    assert process.pid not in {thread.tid for thread in stopped}

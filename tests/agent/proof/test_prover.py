"""What of a snapshot may change while threads go round, and what may not."""

from __future__ import annotations

import sys

import pytest

if sys.platform != "linux":
    pytest.skip("only Linux shows what a thread waits for", allow_module_level=True)
assert sys.platform == "linux"  # the type checker skips this module elsewhere

from startlab.agent.proof import procfs  # noqa: E402 - Linux only
from startlab.agent.proof.prover import settled  # noqa: E402 - Linux only
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

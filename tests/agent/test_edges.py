"""Who waits for whom, and since when a process is there, in trials of real programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from startlab.agent.watch import Watch

if TYPE_CHECKING:
    from startlab.model import Observation
    from tests.conftest import RunProgram

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a thread waits for"),
]

LOCK_HELD_AT_FORK = """
    import multiprocessing, threading

    lock = threading.Lock()
    held = threading.Event()

    def hold():
        with lock:
            held.set()
            threading.Event().wait()

    def work():
        lock.acquire()

    if __name__ == "__main__":
        threading.Thread(target=hold, name="holder", daemon=True).start()
        held.wait()
        child = multiprocessing.get_context("fork").Process(target=work)
        child.start()
        child.join()
"""
STARTS = """
    import multiprocessing

    def work():
        pass

    if __name__ == "__main__":
        child = multiprocessing.Process(target=work)
        child.start()
        child.join()
"""


@pytest.fixture(autouse=True, scope="module")
def _provable() -> None:
    obstacle = Watch.prepare()
    if obstacle is not None:
        pytest.skip(f"no hang can be proven here: {obstacle}")


def hang(run: RunProgram) -> Observation:
    observation = run(LOCK_HELD_AT_FORK)
    assert observation.ended == "proof", observation.obstacle
    return observation


def test_every_wait_of_a_proof_names_the_processes_that_could_end_it(run: RunProgram) -> None:
    observation = hang(run)
    parent, child = observation.processes
    assert {thread.waits_for for thread in child.threads} == {(child.pid,)}
    waits = {thread.tid == parent.pid: thread.waits_for for thread in parent.threads}
    assert waits == {True: (child.pid,), False: (parent.pid,)}


def test_the_thread_that_the_reason_is_about_is_marked(run: RunProgram) -> None:
    observation = hang(run)
    child = observation.processes[1].pid
    assert observation.ring == ((child, child),)
    assert [
        (thread.tid, thread.root) for process in observation.processes for thread in process.threads
        if thread.root
    ] == [(observation.processes[1].pid, True)]  # fmt: skip


def test_threads_begin_after_the_trial_and_before_its_end(run: RunProgram) -> None:
    observation = hang(run)
    for process in observation.processes:
        for thread in process.threads:
            assert thread.started_s is not None
            assert 0 <= thread.started_s <= observation.duration_s
    parent, child = observation.processes
    assert max(each.started_s or 0 for each in parent.threads) <= (child.started_s or 0)


def test_the_child_of_a_hang_is_known_although_nobody_waited_for_it(run: RunProgram) -> None:
    observation = hang(run)
    [start] = observation.starts
    assert start.child == observation.processes[1].pid
    assert start.exit_code is None


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_a_child_is_asked_for_there_begins_and_ends_in_this_order(
    run: RunProgram, method: str
) -> None:
    observation = run(STARTS, method=method)
    [start] = observation.starts
    assert start.launched_s is not None
    assert start.began_s is not None
    assert start.exit_s is not None
    assert 0 <= start.time_s <= start.launched_s <= start.began_s <= start.exit_s
    assert start.exit_s <= observation.duration_s

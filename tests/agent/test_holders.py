"""Who has the lock that a thread waits for is read from the memory of the job's processes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version

import startlab
from startlab.backends.docker.engine import connect
from startlab.errors import EngineError

if TYPE_CHECKING:
    from pathlib import Path

    from startlab.backends.conversation import Conversation
    from startlab.model import Environment, Held, Observation, Trial

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux shows whose memory it is"
)


def locks(seen: Observation | Trial) -> dict[int, Held]:
    """Give what is known of the locks that threads wait for, by their numbers."""
    return {
        thread.tid: thread.wait.held
        for process in seen.processes
        for thread in process.threads
        if thread.wait is not None and thread.wait.held is not None
    }


@pytest.mark.native
def test_two_children_have_each_other_s_lock(
    spying: Conversation, interpreter: Environment, write: Any, request_of: Any
) -> None:
    program = write("""
        from multiprocessing import Event, Lock, Process
        def take(first, second, mine, other):
            with first:
                mine.set()
                other.wait()
                with second:
                    pass
        if __name__ == "__main__":
            one, two = Lock(), Lock()
            ready, done = Event(), Event()
            takes = [
                Process(target=take, args=(one, two, ready, done)),
                Process(target=take, args=(two, one, done, ready)),
            ]
            for each in takes: each.start()
            for each in takes: each.join()
    """)
    seen = spying.run(request_of(interpreter.executable, str(program), timeout_s=60))
    assert seen.grade == "proven"
    held = locks(seen)
    a, b = held
    assert held[a].holders == ((b, b),)
    assert held[b].holders == ((a, a),)
    assert held[a].lock != held[b].lock
    assert sorted(pid for pid, _ in seen.ring) == sorted(held)
    if Version(interpreter.python) >= Version("3"):  # the injection sees less on 2.7
        assert {each.made for each in held.values()} == {f"{program}:10"}


@pytest.mark.native
@pytest.mark.parametrize("has_ended", [True, False])
def test_the_thread_that_has_an_rlock(
    has_ended: bool,  # noqa: FBT001 - a parameter of the test
    spying: Conversation,
    interpreter: Environment,
    write: Any,
    request_of: Any,
) -> None:
    if Version(interpreter.python) < Version("3.2"):
        pytest.skip("an RLock is written in Python there")
    program = write(f"""
        import threading
        lock = threading.RLock()
        def take():
            lock.acquire()
        thread = threading.Thread(target=take)
        {"thread.start(); thread.join(); take()" if has_ended else "take(); thread.start()"}
        thread.join()
    """)
    seen = spying.run(request_of(interpreter.executable, str(program), timeout_s=60))
    assert seen.grade == "proven"
    (root,) = (process.pid for process in seen.processes)
    found = [each for each in locks(seen).values() if each.type == "RLock"]
    assert [(each.holders, each.left) for each in found] == (
        [((), True)] if has_ended else [(((root, root),), False)]
    )


@pytest.mark.native
def test_whoever_was_woken_by_a_condition_has_nothing_of_it(
    spying: Conversation, interpreter: Environment, write: Any, request_of: Any
) -> None:
    """The semaphore in it counts what was taken: no thread has its own lock by that."""
    if Version(interpreter.python) < Version("3.4"):
        pytest.skip("wait_for() is new in 3.2, and the injection sees less on 2.7")
    program = write("""
        from multiprocessing import Condition, Process, Semaphore
        def wait(condition, asked):
            with condition:
                condition.wait_for(lambda: asked.release())
        if __name__ == "__main__":
            condition, asked = Condition(), Semaphore(0)
            process = Process(target=wait, args=(condition, asked))
            process.start()
            asked.acquire()
            with condition:
                condition.notify_all()
            asked.acquire()
            process.join()
    """)
    seen = spying.run(request_of(interpreter.executable, str(program), timeout_s=60))
    assert seen.grade == "proven"
    assert [(each.type, each.holders) for each in locks(seen).values()] == [("Condition", ())]


@pytest.fixture
def _engine() -> None:
    try:
        connect().close()
    except EngineError as error:
        if os.environ.get("STARTLAB_REQUIRE_DOCKER") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.mark.docker
@pytest.mark.usefixtures("_engine")
def test_a_lock_that_is_waited_for_by_its_address_alone(write: Any, tmp_path: Path) -> None:
    """From 3.14 on a lock is a byte: the futex is on the stack of the thread that waits."""
    program = write("""
        import multiprocessing, threading
        recursive, shared = threading.RLock(), multiprocessing.Lock()
        def take():
            with shared:
                recursive.acquire()
        recursive.acquire()
        thread = threading.Thread(target=take)
        thread.start()
        with recursive:
            thread.join(1)
            shared.acquire()
    """)
    run = startlab.run(
        program,
        environments=["linux-3.14", "linux-3.15"],
        backend="docker",
        methods=("fork",),
        trials=1,
        explain="off",
        folder=tmp_path / "run",
        building={"bases": os.environ.get("STARTLAB_BASES", "auto")},
    )
    assert len(run.trials) == 2
    for trial in run.trials:
        assert trial.grade == "proven"
        (main,) = (process.pid for process in trial.processes)
        (other,) = (thread.tid for thread in trial.processes[0].threads if thread.tid != main)
        held = locks(trial)
        assert {tid: (each.type, each.holders) for tid, each in held.items()} == {
            main: ("Lock", ((main, other),)),
            other: ("RLock", ((main, main),)),
        }

"""Children that cannot go on while their starter can, which gives them up in the end."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from startlab.agent.proof import stuck

if TYPE_CHECKING:
    from startlab.backends.conversation import Conversation
    from startlab.model import Environment

pytestmark = [
    pytest.mark.native,
    pytest.mark.targets,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no wait is known"),
]

LOCKED = """
    import multiprocessing, threading
    lock = threading.Lock()
    def work():
        lock.acquire()
    if __name__ == "__main__":
        lock.acquire()
        child = multiprocessing.Process(target=work)
        child.start()
        for _ in range({joins}):
            child.join(0.02)
        child.terminate()
        child.join()
        print(child.pid)
"""


def test_what_a_child_was_in_until_it_was_ended_is_told(
    spying: Conversation, interpreter: Environment, write: Any, request_of: Any
) -> None:
    for joins in (200, 400, 800, 1600):  # a busy machine leaves the agent fewer looks
        program = write(LOCKED.replace("{joins}", str(joins)))
        seen = spying.run(request_of(interpreter.executable, str(program), method="fork"))
        if seen.stuck:
            break
    starter, child = seen.stuck
    assert (seen.ended, child.pid) == ("exit", int(seen.stdout.text()))
    assert child.ppid == starter.pid
    (thread,) = child.threads
    assert thread.wait is not None
    assert (thread.wait.kind, thread.wait.others) == ("lock", 0)
    assert thread.waits_for == (child.pid,)
    frame = next(each for each in thread.stack if each.file == str(program))
    assert frame.line == 5


def test_a_child_that_comes_to_its_own_end_was_not_stuck(
    spying: Conversation, write: Any, request_of: Any
) -> None:
    """A signal's handler may release a lock that the kernel shows nobody to release."""
    program = write("""
        import multiprocessing, os, signal, threading
        lock = threading.Lock()
        def work(ready):
            signal.signal(signal.SIGTERM, lambda *_: lock.release())
            ready.set()
            lock.acquire()
        if __name__ == "__main__":
            lock.acquire()
            ready = multiprocessing.Event()
            child = multiprocessing.Process(target=work, args=(ready,))
            child.start()
            ready.wait()
            for _ in range(75):
                child.join(0.02)
            child.terminate()
            child.join()
            print(child.exitcode)
    """)
    seen = spying.run(request_of(sys.executable, str(program), method="fork"))
    assert seen.stdout.text() == "0\n"
    assert seen.stuck == ()


def test_what_has_moved_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    own = os.getpid()
    process = SimpleNamespace(stat=SimpleNamespace(parent=1))
    moved = SimpleNamespace(stat=SimpleNamespace(parent=1))
    looks: list[dict[int, Any]] = [{own: (process, ())}] * 2 + [{}] + [{own: (moved, ())}] * 2
    prover = SimpleNamespace(stuck=lambda: looks.pop(0))
    monkeypatch.setattr(stuck, "EVERY_S", 0.0)
    monkeypatch.setattr(stuck, "SHARE", 1e9)
    watching = stuck.Stuck(prover, lambda *_: {})  # type: ignore[arg-type]
    found = []
    while looks:
        watching.look()
        found.append(own in watching.found)
    assert found == [False, True, False, False, True]


def test_idle_workers_are_not_stuck(spying: Conversation, write: Any, request_of: Any) -> None:
    """They wait for what others may send, and are ended in the middle of that."""
    program = write("""
        import multiprocessing, threading
        if __name__ == "__main__":
            with multiprocessing.Pool(2) as pool:
                pool.map(abs, range(4))
                threading.Event().wait(1.5)
    """)
    seen = spying.run(request_of(sys.executable, str(program), method="fork"))
    assert (seen.ended, seen.exit_status) == ("exit", 0)
    assert seen.stuck == ()

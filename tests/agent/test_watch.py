"""What is told of a job that hangs: who, where, and what a fork has left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from startlab.agent import faults, injection, respawn
from startlab.agent.events import Event, parsed
from startlab.agent.stacks import Frame, Stack, matched, server
from startlab.agent.watch import _lost, _where
from startlab.judge import waiting

if TYPE_CHECKING:
    from startlab.backends.conversation import Conversation
    from startlab.model import Environment


def test_a_thread_that_a_fork_did_not_copy_has_a_name_and_a_line() -> None:
    assert _lost("pusher", "/home/me/worker.py:9") == {"name": "pusher", "where": "worker.py:9"}
    assert _lost("a at home", None) == {"name": "a at home", "where": None}


MAIN = Stack(None, "", (Frame("/p/a.py", 3, "f"), Frame("/p/a.py", 9, "<module>")))
GHOST = Stack(None, "", (Frame("/p/a.py", 5, "g"), Frame("/lib/threading.py", 9, "run")))


@pytest.mark.parametrize(
    ("tids", "found", "ghosts", "whose"),
    [
        ([7, 8], [GHOST._replace(tid=8), MAIN._replace(tid=7)], False, {7: 1, 8: 0}),
        ([7, 8], [GHOST._replace(tid=8), MAIN._replace(tid=9)], False, {8: 0}),
        ([7, 8], [GHOST, MAIN], False, {7: 1, 8: 0}),
        ([7, 8], [GHOST, MAIN], True, {7: 1}),  # 8 may be a native thread
        ([7, 8, 9], [GHOST, MAIN], False, {7: 1}),  # 8 or 9 is one
        ([7, 8], [MAIN], False, {7: 0}),  # 8 is
        ([7], [GHOST, MAIN], True, {7: 1}),
        ([7], [GHOST], True, {7: 0}),  # forked by a thread, which is the first one now
        ([7, 8], [], False, {}),
    ],
)
def test_whose_a_stack_is(
    tids: list[int], found: list[Stack], whose: dict[int, int], *, ghosts: bool
) -> None:
    assert matched(7, tids, found, {}, ghosts=ghosts) == {tid: found[i] for tid, i in whose.items()}


def test_whose_a_stack_is_the_memory_tells() -> None:
    found = [GHOST._replace(ident=ident) for ident in (250, 150, 350)] + [MAIN]
    homes = {8: (100, 200), 9: (200, 300), 10: (300, 300)}
    mine = matched(7, [7, 8, 9, 10], found, homes, ghosts=True)
    assert mine == {7: MAIN, 8: found[1], 9: found[0]}


def test_the_line_is_the_innermost_of_the_program_s_own_folder() -> None:
    inside = (
        Frame("/usr/lib/python3.13/threading.py", 1, "wait"),
        Frame("/elsewhere/plugin.py", 2, "hook"),
        Frame("/home/me/tool.py", 3, "main"),
    )
    stack = Stack(None, "", inside)
    assert _where(["python", "/home/me/tool.py"], stack) == "tool.py:3"
    assert _where(["python", "-m", "tool"], stack) == "plugin.py:2"
    assert _where(["python", "-m", "tool"], Stack(None, "", inside[:1])) is None
    file = os.path.join(os.sep, "scratch", "inject", "startlab_inside.py")
    injected = Frame(file, 4, "report")
    assert _where(["python", "-m", "tool"], Stack(None, "", (injected, *inside))) == "plugin.py:2"
    assert _where(["python", "-m", "tool"], Stack(None, "", (injected,))) is None
    assert _where(["python", "x.py"], None) is None


@pytest.mark.parametrize(
    "inner",
    [
        [("queues.py", "get"), ("process.py", "run"), ("process.py", "_bootstrap")],
        [("util.py", "_exit_function"), ("popen_fork.py", "_launch")],  # 3.13
    ],
)
def test_the_line_that_a_forked_child_has_from_its_parent_is_not_where_it_is(
    inner: list[tuple[str, str]],
) -> None:
    package = os.path.join(LIBRARY, "multiprocessing")
    frames = [Frame(os.path.join(package, file), 1, name) for file, name in inner]
    started = Frame("/home/me/tool.py", 7, "<module>")
    argv = ["python", "/home/me/tool.py"]
    assert _where(argv, Stack(None, "", (*frames, started))) is None
    target = Frame("/home/me/tool.py", 3, "work")
    assert _where(argv, Stack(None, "", (target, *frames, started))) == "tool.py:3"
    assert (
        _where(argv, Stack(None, "", (Frame("/usr/lib/python3.13/os.py", 1, "fork"), started)))
        == "tool.py:7"
    )


@pytest.mark.native
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux proves a hang")
def test_what_a_replaced_worker_died_of_is_named(run: Any) -> None:
    program = """
        from multiprocessing import Pool
        if __name__ == "__main__":
            def greet():
                pass
            Pool(1).apply(greet)
    """
    seen = run(textwrap.dedent(program), method="spawn", timeout_s=60)
    assert (seen.grade, seen.where) == ("proven", "program.py:6")
    sentence = waiting.hang(seen)
    assert " had ended with exit code 1, of AttributeError: " in sentence
    assert "'greet'" in sentence


def stack(*frames: tuple[str, str]) -> Stack:
    return Stack(None, "", tuple(Frame(file, 1, function) for file, function in frames))


LIBRARY = "/usr/lib/python3.13/"
FORK_SERVER = (LIBRARY + "multiprocessing/forkserver.py", "main")
SELECT = (LIBRARY + "selectors.py", "EpollSelector.select")
COMMAND = ("<string>", "<module>")


@pytest.mark.skipif(sys.platform == "win32", reason="paths in stacks are those of a Unix")
def test_a_server_of_multiprocessing_waits_in_its_own_loop() -> None:
    tracker = (LIBRARY + "multiprocessing/resource_tracker.py", "main")
    assert server([stack(SELECT, FORK_SERVER, COMMAND)]) == "fork server"
    assert server([stack(tracker, COMMAND)]) == "resource tracker"


@pytest.mark.parametrize(
    "found",
    [
        stack(("/p/a.py", "<module>"), FORK_SERVER, COMMAND),  # a module that it imports before
        stack(("/p/a.py", "work"), (FORK_SERVER[0], "_serve_one"), FORK_SERVER, COMMAND),
        stack(("/p/multiprocessing.py", "main")),
        stack(SELECT, ("/p/a.py", "main")),
        stack(SELECT),
    ],
)
def test_others_are_the_program_s(found: Stack) -> None:
    assert server([found]) is None


@pytest.mark.native
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux proves a hang")
def test_the_sentence_names_the_child_and_not_its_forkserver(run: Any) -> None:
    program = """
        from multiprocessing import Process, Queue
        def take(queue):
            queue.get()
        if __name__ == "__main__":
            queue = Queue()
            child = Process(target=take, args=(queue,))
            child.start()
            child.join()
    """
    seen = run(textwrap.dedent(program), method="forkserver", timeout_s=60)
    assert (seen.grade, seen.where) == ("proven", "program.py:4")
    (child,) = (
        process.pid
        for process in seen.processes
        for thread in process.threads
        if any(frame.function == "take" for frame in thread.stack)
    )
    sentence = waiting.hang(seen)
    assert sentence.startswith(
        "2 threads wait for one another: the program waits at program.py:9 for a pipe (descriptor "
    )
    assert f" of the fork server; child {child}, at program.py:4, reads from an " in sentence


# --- stacks by py-spy ---


@pytest.mark.native
def test_a_second_thread_has_its_line_on_every_python(
    spying: Conversation, interpreter: Environment, write: Any, request_of: Any
) -> None:
    program = write("""
        import os, threading
        def push():
            os.write(writes, b"." * (1 << 20))
        reads, writes = os.pipe()
        thread = threading.Thread(target=push)
        thread.start()
        thread.join()
    """)
    seen = spying.run(request_of(interpreter.executable, str(program), timeout_s=60))
    assert (seen.grade, seen.where) == ("proven", f"{program.name}:4")
    sentence = waiting.hang(seen)
    assert f", at {program.name}:4, writes to a full pipe" in sentence
    assert f"the program waits at {program.name}:8 for a lock" in sentence


@pytest.mark.targets
@pytest.mark.native
@pytest.mark.skipif(sys.version_info < (3, 8), reason="there the pool does not spin")
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_what_the_thread_that_reads_results_died_of_is_named(
    spying: Conversation, write: Any, request_of: Any, method: str
) -> None:
    program = write("""
        from multiprocessing import Pool
        class ServerError(Exception):
            def __init__(self, status, text):
                super().__init__(f"{status}: {text}")
        def fetch(page):
            raise ServerError(503, "unavailable")
        if __name__ == "__main__":
            Pool(2).map(fetch, range(10))
    """)
    asked = request_of(sys.executable, str(program), method=method, timeout_s=60)
    seen = spying.run(asked)
    # On a busy machine the thread that spins may never be caught inside of its poll.
    assert seen.grade in ("proven-given-pollers", "busy")
    assert seen.where == f"{program.name}:9"
    sentence = waiting.hang(seen)
    assert " (_handle_results)" in sentence
    assert " had ended of TypeError: " in sentence
    assert "'text'" in sentence


# --- workers that are replaced for ever ---


def pool(codes: list[int], *, where: str = "", every_s: float = 0.2) -> list[Event]:
    events = [parsed(["start", "1", "0.0", "1", "spawn", "/p/a.py:4"])]
    for number, code in enumerate(codes, 2):
        events.append(parsed(["start", "1", str(number * every_s), str(number), "spawn", where]))
        events.append(
            parsed(["end", "1", str(number * every_s + 0.1), str(number), "90", str(code)])
        )
    return events


def test_replacements_that_die_alike_are_recognised() -> None:
    assert respawn.find(pool([1] * 7)) == respawn.Respawn(1, "/p/a.py:4", 1, 7)


@pytest.mark.parametrize(
    "events",
    [
        pool([1] * 5),
        pool([1] * 40, every_s=0.01),  # within less than a second
        pool([1, 1, 1, 0, 1, 1, 1]),  # one did its work
        pool([0] * 20),  # maxtasksperchild
        pool([1, 1, 1, -11, 1, 1, 1]),
        pool([1] * 20, where="/p/a.py:9"),  # the program itself tries again
        [],
    ],
)
def test_other_endings_are_not(events: list[Event]) -> None:
    assert respawn.find(events) is None


@pytest.mark.targets
@pytest.mark.native
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_an_unguarded_pool_is_respawning_long_before_the_limit(run: Any, method: str) -> None:
    program = """
        from multiprocessing import Pool
        def square(x):
            return x * x
        pool = Pool(2)
        print(pool.map(square, [1, 2, 3]))
    """
    if method == "forkserver" and sys.version_info >= (3, 13):
        pytest.skip("where the main module is preloaded the fork server dies instead")
    seen = run(textwrap.dedent(program), method=method, timeout_s=60)
    assert (seen.ended, seen.grade, seen.where) == ("proof", "respawning", "program.py:5")
    assert seen.respawn is not None
    assert (seen.respawn.exit_code, seen.respawn.deaths > 5) == (1, True)
    assert b"An attempt has been made to start a new process" in seen.stderr.head


# --- stacks where there is no py-spy ---


def test_the_stacks_of_faulthandler_are_read() -> None:
    text = """\
Thread 0x00007f1 [pusher] (most recent call first):
  File "/usr/lib/python3.14/threading.py", line 373 in wait
  File "/home/me/my file.py", line 12 in push

Current thread 0x00007f2 (most recent call first):
  File "/home/me/my file.py", line 30 in <module>

Current thread's C stack trace (most recent call first):
  Binary file "/usr/bin/python3", at _PyEval+0x1 [0x2]
"""
    assert faults.parse(text) == [
        Stack(
            None,
            "pusher",
            (
                Frame("/usr/lib/python3.14/threading.py", 373, "wait"),
                Frame("/home/me/my file.py", 12, "push"),
            ),
        ),
        Stack(None, "", (Frame("/home/me/my file.py", 30, "<module>"),)),
    ]


@pytest.mark.native
def test_a_process_that_cannot_be_asked_writes_its_stacks_by_itself(
    tmp_path: Path, write: Any, eventually: Any
) -> None:
    program = write("import threading\ndef stay():\n    threading.Event().wait()\nstay()")
    events_file = tmp_path / "events"
    for name in ("events", "events.crashes", "events.stacks"):
        (tmp_path / name).touch()

    def written_after(seconds: float) -> tuple[str, Stack]:
        environment = os.environ | {
            "PYTHONPATH": injection.INSTALLED,
            "STARTLAB_EVENTS": str(events_file),
            "STARTLAB_STACKS_AT": repr(time.time() + seconds),
        }
        with subprocess.Popen([sys.executable, str(program)], env=environment) as process:
            try:
                file = f"{events_file}.stacks.{process.pid}"
                eventually(lambda: len(faults.written(file)) == 1)
                return file, faults.written(file)[0]
            finally:
                process.kill()

    for seconds in (0.3, 3, 30):  # on a busy machine it may still be starting
        file, stack = written_after(seconds)
        if stack.frames[-1].line == 4:
            break
    assert (stack.frames[-2].function, stack.frames[-1].line) == ("stay", 4)
    assert faults.written(file + "0") == []


@pytest.mark.native
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux proves a hang")
def test_a_hang_has_its_line_without_py_spy(run: Any) -> None:
    program = "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()\n"
    seen = run(program, timeout_s=60)
    assert (seen.ended, seen.grade, seen.where) == ("proof", "proven", "program.py:4")
    assert {process.stacks_by for process in seen.processes} == {"faulthandler"}


def test_a_place_of_any_folder_is_short() -> None:
    assert _where(["python", str(Path("/x") / "p.py")], MAIN) == "a.py:3"

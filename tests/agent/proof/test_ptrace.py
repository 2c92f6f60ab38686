"""That a blocked process answers truly when it is asked for its timers, and never notices."""

from __future__ import annotations

import platform
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

if sys.platform != "linux":
    pytest.skip("ptrace is Linux's", allow_module_level=True)
assert sys.platform == "linux"  # the type checker skips this module elsewhere

from startlab.agent.proof import procfs, ptrace, waits  # noqa: E402 - Linux only

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not ptrace.works(), reason="ptrace is not allowed here"),
]

# Each blocks until its standard input is closed, and then says what it got.
SLEEPERS = {
    "read": "print(os.read(0, 9))",
    "poll": "p = select.poll(); p.register(0); print(p.poll())",
    "select": "print(select.select([0], [], []))",
    "epoll": "p = select.epoll(); p.register(0, 1); print(p.poll())",
    "lock": """
        lock = threading.Lock()
        lock.acquire()
        threading.Thread(target=lambda: (os.read(0, 9), lock.release())).start()
        print(lock.acquire())
    """,
    "wait": """
        if os.fork() == 0:
            os.read(0, 9)
            os._exit(3)
        print(os.wait()[1])
    """,
    "recv": """
        one, other = socket.socketpair()
        threading.Thread(target=lambda: (os.read(0, 9), other.send(b"x"))).start()
        print(one.recv(9))
    """,
    "accept": """
        server = socket.socket(socket.AF_UNIX)
        server.bind("\\0startlab-test-%d" % os.getpid())
        server.listen(1)
        name = server.getsockname()
        client = socket.socket(socket.AF_UNIX)
        threading.Thread(target=lambda: (os.read(0, 9), client.connect(name))).start()
        print(type(server.accept()))
    """,
    "write": """
        read, write = os.pipe()
        threading.Thread(target=lambda: (os.read(0, 9), os.read(read, 100000))).start()
        print(os.write(write, b"x" * 65537))
    """,
}
BEGIN = "import os, select, signal, socket, struct, sys, threading, time\n"


def start(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-u", "-c", BEGIN + "print(0)\n" + textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def settled(process: subprocess.Popen[bytes], sleeper: str) -> procfs.Thread:
    """Wait until the main thread sleeps in the call that is meant.

    And the other thread, where there is one, in its read: before that, the main thread waits for
    it to start.
    """
    threads = 1 + SLEEPERS[sleeper].count("threading.Thread")
    while True:
        tids = procfs.threads(process.pid)
        calls = [waits.parse(procfs.call(process.pid, tid)) for tid in tids if tid != process.pid]
        read = [call and waits.name(call, platform.machine()) == "read" for call in calls]
        thread = ptrace.asleep(process.pid)
        call = waits.parse(thread.call)
        assert call is not None
        name = waits.name(call, platform.machine())
        if len(tids) == threads and all(read) and name.startswith(CALLS[sleeper]):
            return thread


def outcome(code: str, look: Callable[[subprocess.Popen[bytes]], object]) -> tuple[bytes, int]:
    with start(code) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        try:
            look(process)
            process.stdin.close()
            return process.stdout.read(), process.wait(10)
        finally:
            process.kill()


CALLS = {
    "read": "read",
    "poll": "p",
    "select": "pselect6",
    "epoll": "epoll",
    "lock": "futex",
    "wait": "wait4",
    "recv": "recv",
    "accept": "accept",
    "write": "write",
}


@pytest.mark.parametrize("name", sorted(SLEEPERS))
def test_the_call_goes_on_as_if_nothing_had_been(name: str) -> None:
    def look(process: subprocess.Popen[bytes]) -> None:
        thread = settled(process, name)
        for _ in range(3):
            answer = ptrace.ask(thread, [])
            assert not answer.armed
            again = settled(process, name)
            assert again.voluntary == thread.voluntary + answer.switches
            if not answer.written:
                assert again.call == thread.call
            thread = again

    disturbed = outcome(SLEEPERS[name], look)
    if name == "write":
        # It wrote the rest: one byte. Only where the job is then ended is it asked for.
        assert disturbed == (b"1\n", 0)
    else:
        assert disturbed == outcome(SLEEPERS[name], lambda process: settled(process, name))


def test_an_armed_timer_is_found_and_goes_on() -> None:
    code = """
        signal.signal(signal.SIGALRM, lambda *_: print("rang"))
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        print(os.read(0, 9))
    """

    def look(process: subprocess.Popen[bytes]) -> None:
        assert ptrace.ask(settled(process, "read"), []).armed
        assert process.stdout is not None
        assert process.stdout.readline() == b"rang\n"
        assert not ptrace.ask(settled(process, "read"), []).armed

    assert outcome(code, look) == (b"b''\n", 0)


@pytest.mark.parametrize(("option", "writing"), [("SO_RCVTIMEO", False), ("SO_SNDTIMEO", True)])
def test_a_socket_timeout_is_found(option: str, *, writing: bool) -> None:
    code = f"""
        one, other = socket.socketpair()
        one.setsockopt(socket.SOL_SOCKET, socket.{option}, struct.pack("ll", 99, 0))
        print(one.fileno(), other.fileno())
        os.read(0, 9)
    """

    def look(process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        one, other = map(int, process.stdout.readline().split())
        questions = [(fd, each) for fd in (one, other) for each in (False, True)]
        answer = ptrace.ask(settled(process, "read"), questions)
        assert answer.timeouts == {
            (one, writing): True,
            (one, not writing): False,
            (other, False): False,
            (other, True): False,
        }

    assert outcome(code, look) == (b"", 0)


def test_a_thread_that_has_moved_on_is_not_asked() -> None:
    code = """
        os.read(0, 1)
        os.read(0, 9)
    """

    def look(process: subprocess.Popen[bytes]) -> None:
        before = settled(process, "read")
        assert process.stdin is not None
        process.stdin.write(b"x")
        process.stdin.flush()
        while settled(process, "read").voluntary == before.voluntary:
            pass
        with pytest.raises(procfs.Moved):
            ptrace.ask(before, [])

    assert outcome(code, look) == (b"", 0)


def test_nobody_is_asked_who_is_not_ours_to_ask() -> None:
    with start("os.read(0, 9)") as process:
        assert process.stdout is not None
        process.stdout.readline()
        thread = settled(process, "read")
        process.kill()
        process.wait()
        with pytest.raises(ptrace.NotAllowed):
            ptrace.ask(thread, [])

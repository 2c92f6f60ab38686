"""Trials through the real conversation: what is kept, what is hidden, and that nothing is left."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import re
import shutil
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import shared_memory
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from packaging.version import Version

from startlab.agent import limit as limits
from startlab.agent import trial
from startlab.backends import interpreters
from startlab.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from startlab.backends.conversation import Conversation
    from startlab.model import Environment

pytestmark = pytest.mark.native

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone shows this")

# --- the output --------------------------------------------------------------------------------


def test_exit_status_and_output(run: Any) -> None:
    seen = run("""
        import sys
        print("out")
        sys.stderr.write("err")
        sys.exit(7)
    """)
    assert (seen.ended, seen.exit_status) == ("exit", 7)
    assert seen.stdout.head == b"out" + os.linesep.encode()
    assert seen.stderr.head == b"err"
    assert seen.stdout.tail == seen.stderr.tail == b""
    assert seen.stdout.dropped == seen.stderr.dropped == 0
    assert seen.duration_s > 0
    assert seen.forced is None
    assert seen.starts == ()
    assert seen.left_behind.processes == seen.left_behind.files == ()


@linux
def test_the_ids_of_all_that_interpret_are_told(run: Any) -> None:
    """A fork server's too, and the agent's: a program may print them."""
    seen = run("""
        import os
        from multiprocessing import get_context

        def tell():
            print(os.getppid(), os.getpid(), flush=True)

        if __name__ == "__main__":
            tell()
            child = get_context("forkserver").Process(target=tell)
            child.start()
            child.join()
    """)
    told = {int(each) for each in seen.stdout.text().split()}
    assert len(told) == 4
    assert told <= set(seen.pids)


@pytest.mark.parametrize(
    ("size", "dropped"), [(0, 0), (10, 0), (19, 0), (20, 0), (21, 1), (5_000_003, 4_999_983)]
)
def test_output_is_bounded_exactly(run: Any, size: int, dropped: int) -> None:
    program = """
        import sys
        data = bytes(n % 251 for n in range(int(sys.argv[1])))
        sys.stdout.buffer.write(data)
        sys.stderr.buffer.write(data[::-1])
    """
    data = bytes(n % 251 for n in range(size))
    seen = run(program, str(size), keep_bytes=10)
    for stream, written in ((seen.stdout, data), (seen.stderr, data[::-1])):
        assert stream.head == written[:10]
        assert stream.tail == written[10:][-10:]
        assert stream.dropped == dropped


def test_binary_output_is_kept_as_it_is(run: Any) -> None:
    seen = run("import sys; sys.stdout.buffer.write(bytes(range(256)))")
    assert seen.stdout.head == bytes(range(256))


def test_nothing_may_be_kept(run: Any) -> None:
    stdout = run("print('x' * 99999)", keep_bytes=0).stdout
    assert (stdout.head, stdout.tail) == (b"", b"")
    assert stdout.dropped == 99_999 + len(os.linesep)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such inheritance")
def test_a_program_ignores_no_signal(start_agent: Any, request_of: Any) -> None:
    """What a shell starts in the background ignores SIGINT and SIGQUIT, and so would its children.

    Ctrl-C is a KeyboardInterrupt in the program only if SIGINT was not ignored when it began.
    """
    agent = start_agent(
        before="""
import signal
for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGCHLD"):
    signal.signal(getattr(signal, name), signal.SIG_IGN)
"""
    )
    program = """
import signal
for number in sorted(signal.valid_signals()):
    if signal.getsignal(number) == signal.SIG_IGN:
        print(signal.Signals(number).name)
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""
    seen = agent.run(request_of(sys.executable, "-c", program))
    assert set(seen.stdout.text().split()) == {"SIGPIPE", "SIGXFSZ", "True"}  # as Python has them


@pytest.mark.parametrize("data", [None, b"", b"a\nb\n", bytes(range(256)) * 5000])
def test_stdin(run: Any, data: bytes | None) -> None:
    seen = run("import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())", stdin=data)
    assert seen.stdout.head + seen.stdout.tail == (data or b"")


# --- the place ---------------------------------------------------------------------------------


def test_the_environment_is_scrubbed(
    scratch_of: Any, start_agent: Any, write: Any, request_of: Any
) -> None:
    """What hides hazards, or is the agent's own, does not reach the program."""
    program = write("""
        import json, os, sys, tempfile
        print(json.dumps({"env": dict(os.environ), "tmp": tempfile.gettempdir(),
                          "cwd": os.getcwd(), "files": os.listdir("."), "inside": os.listdir(".."),
                          "session": not hasattr(os, "getsid") or os.getsid(0) == os.getpid(),
                          "ready": sys.stdout.line_buffering}))
    """)
    hidden = {
        "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0",
        "PYTHONFAULTHANDLER": "1", "LD_PRELOAD": "", "SECRET": "s", "PYTHONHOME_": "x",
    }  # fmt: skip
    agent = start_agent(before=f"import os; os.environ.update({hidden!r}, LC_TIME='C')")
    seen = agent.run(
        request_of(sys.executable, str(program), env={"PYTHONPATH": "/mine", "ASKED": "yes"})
    )
    said = json.loads(seen.stdout.text())
    env = said["env"]
    assert not hidden.keys() & env.keys()
    assert env["LC_TIME"] == "C"
    assert env["ASKED"] == "yes"
    assert env["PATH"] == os.environ["PATH"]
    assert env["PYTHONPATH"].split(os.pathsep)[-2:] == [str(scratch_of(agent) / "inject"), "/mine"]
    assert "STARTLAB_START_METHOD" not in env
    assert said["tmp"] == env["TMPDIR"] != os.environ.get("TMPDIR")
    assert Path(said["cwd"]).is_relative_to(scratch_of(agent))
    assert said["files"] == []
    assert said["session"]
    assert not said["ready"]


def test_every_trial_has_a_fresh_place_that_is_gone_afterwards(
    scratch_of: Any, run: Any, agent: Conversation
) -> None:
    program = """
        import os, tempfile
        open("here", "w").close()
        tempfile.mkstemp(prefix="left-")
        print(os.getcwd()); print(tempfile.gettempdir())
    """
    first, second = run(program), run(program)
    places = first.stdout.text().splitlines() + second.stdout.text().splitlines()
    assert len(set(places)) == 4
    assert not any(map(os.path.exists, places))
    assert len(first.left_behind.files) == 1
    assert first.left_behind.files[0].startswith("left-")
    assert [each.name for each in scratch_of(agent).iterdir()] == ["inject"]


@pytest.mark.skipif(sys.platform != "linux", reason="macOS and Windows refuse such names")
def test_a_file_whose_name_is_no_text_is_told_like_any_other(run: Any) -> None:
    program = "import os\nopen(os.environb[b'TMPDIR'] + b'/\\xff', 'w').close()\n"
    seen = run(program)
    assert (seen.ended, seen.exit_status) == ("exit", 0)
    assert seen.left_behind.files == ("\\udcff",)


@pytest.mark.parametrize("end", ["\\n", "\\r\\n"])
def test_events_that_a_program_forges_are_dropped_and_counted(run: Any, end: str) -> None:
    program = f"""
        import multiprocessing, os, signal

        def forge():
            lines = [
                "start 7 1 42 teleport ", "end 7 1 42 8 NOTINT", "start 7 nan 42 fork ",
                "start 7 inf 42 fork ", "pinned 7 1 fork", "song 7 1", "begin 7 1 x y imported",
            ]
            with open(os.environ["STARTLAB_EVENTS"], "ab") as file:
                file.write(b"\\xff\\xfe 1{end}")
                for line in lines:
                    file.write(line.replace(" ", "\\t").encode() + b"{end}")
                file.write(b"start\\t7\\t")

        if __name__ == "__main__":
            process = multiprocessing.Process(target=forge)
            process.start()
            process.join()
    """
    seen = run(textwrap.dedent(program), method="spawn")
    assert (seen.ended, seen.exit_status, seen.stderr.text()) == ("exit", 0, "")
    assert [start.exit_code for start in seen.starts] in ([0], [None])  # "end" follows the cut line
    assert seen.dropped_events == 9


def test_what_cannot_be_launched_is_told_with_its_reason(
    agent: Conversation, request_of: Any
) -> None:
    seen = agent.run(request_of("nowhere/python", "x"))
    assert (seen.ended, seen.exit_status) == ("launch", None)
    assert seen.not_launched is not None
    assert (seen.not_launched.step, seen.not_launched.program) == ("start", "nowhere/python")
    assert seen.not_launched.errno == errno.ENOENT
    assert seen.not_launched.error


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_trial_that_has_no_place_is_told_in_words(start_agent: Any, request_of: Any) -> None:
    """A limit on the size of files fails as a full disk does."""
    little = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (999, 999))"
    seen = start_agent(before=little).run(request_of(sys.executable, "-c", "pass"))
    assert (seen.ended, seen.exit_status) == ("launch", None)
    assert seen.not_launched is not None
    assert (seen.not_launched.step, seen.not_launched.errno) == ("place", errno.EFBIG)
    assert re.fullmatch(r"/.*startlab-\S+: File too large", seen.not_launched.error)


@pytest.mark.skipif(sys.platform == "win32", reason="no disk is asked there")
def test_where_a_program_could_not_tell_what_it_does_it_is_not_run(
    start_agent: Any, request_of: Any
) -> None:
    """On a full disk its events were lost, and what it had done was taken for not done."""
    more = "import agent.trial; agent.trial.LEAST_ROOM = 1 << 80"
    seen = start_agent(before=more).run(request_of(sys.executable, "-c", "pass"))
    assert seen.not_launched is not None
    assert (seen.not_launched.step, seen.not_launched.errno) == ("place", errno.ENOSPC)


@pytest.mark.skipif(sys.platform == "win32", reason="there a signal to another process ends it")
def test_a_signal_of_the_program_does_not_cost_the_agent(run: Any) -> None:
    seen = run("""
        import os, signal
        for name in ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM"):
            os.kill(os.getppid(), getattr(signal, name))
            handler = signal.getsignal(getattr(signal, name))
            print(handler in (signal.SIG_DFL, signal.default_int_handler))
    """)
    assert seen.stdout.text() == "True\n" * 7
    assert (seen.ended, seen.exit_status) == ("exit", 0)


def test_what_is_not_executable_is_not_launched(
    agent: Conversation, request_of: Any, write: Any
) -> None:
    seen = agent.run(request_of(str(write("pass"))))
    assert seen.ended == "launch"
    assert seen.not_launched is not None
    assert seen.not_launched.errno in (errno.EACCES, errno.ENOEXEC)  # Windows has the latter
    assert seen.not_launched.error


@linux
def test_no_file_descriptor_is_lost_over_many_trials(run: Any) -> None:
    """On a busy machine a program may count before the agent has closed what it gave to it."""
    count = "import os; print(len(os.listdir('/proc/%d/fd' % os.getppid())))"
    first = [int(run(count).stdout.text()) for _ in range(3)]
    run("raise SystemExit", stdin=b"x")
    last = [int(run(count).stdout.text()) for _ in range(3)]
    assert min(last) <= min(first)


# --- how it ends -------------------------------------------------------------------------------


def test_a_signal_is_a_negative_exit_status(run: Any) -> None:
    status = 9 if sys.platform == "win32" else -9  # where it is the status that it ends with
    assert run("import os; os.kill(os.getpid(), 9)").exit_status == status


@linux
def test_a_stop_under_ptrace_is_no_end(run: Any) -> None:
    """The program has asked its parent, the agent, to trace it: who is told of each stop."""
    seen = run(
        """
        import ctypes, os, signal
        assert ctypes.CDLL(None).ptrace(0, 0, None, None) == 0  # PTRACE_TRACEME
        os.kill(os.getpid(), signal.SIGSTOP)
        print("nobody has it go on")
        """,
        timeout_s=1,
    )
    assert (seen.ended, seen.exit_status) == ("limit", None)
    assert [each.state for each in seen.processes] == ["t"]
    assert seen.stdout.text() == ""
    assert seen.all_ended


def test_a_program_that_waits_is_quiescent_at_the_limit(run: Any) -> None:
    limit_s = 6.0 if sys.platform == "win32" else 1.5  # where a start takes more of it
    seen = run("import threading; threading.Event().wait(timeout=600)", timeout_s=limit_s)
    assert (seen.ended, seen.grade, seen.exit_status) == ("limit", "quiescent", None)
    assert seen.idle_s > 0.5
    assert seen.limit_s >= 1.5
    (process,) = seen.processes
    assert ("python" if sys.platform == "win32" else "program.py") in process.command


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a thread waits for")
def test_a_program_that_rests_is_given_up_after_five_times_what_passes(
    run: Any, tmp_path: Path, eventually: Any
) -> None:
    """Its FIFO was there before: others may know its name, and so nothing is proven."""
    os.mkfifo(tmp_path / "fifo")
    made_s = (tmp_path / "fifo").stat().st_ctime
    eventually(lambda: time.time() > made_s + 0.1)  # the time of a file may be behind
    program = "import os, sys; os.read(os.open(sys.argv[1], os.O_RDWR), 1)"
    seen = run(program, str(tmp_path / "fifo"), timeout_s=50, passing_s=0.1)
    assert (seen.ended, seen.grade) == ("limit", "quiescent")
    assert 3 <= seen.limit_s < 30


@pytest.mark.parametrize("passing_s", [0.1, None])
def test_a_program_that_sleeps_is_not_given_up_before_the_limit(
    run: Any, passing_s: float | None
) -> None:
    seen = run("import time; time.sleep(4)", timeout_s=50, passing_s=passing_s)
    assert (seen.ended, seen.exit_status) == ("exit", 0)


@pytest.mark.targets
def test_a_program_that_still_writes_is_given_more_time(run: Any) -> None:
    steps = "import time\nfor n in range(20): time.sleep(0.2); print(n, flush=True)"
    seen = run(steps, timeout_s=3)
    assert (seen.ended, seen.exit_status) == ("exit", 0)


def test_a_program_that_spins_is_busy_at_the_limit(run: Any) -> None:
    seen = run("while True: pass", timeout_s=1)
    assert (seen.ended, seen.grade) == ("limit", "busy")
    assert seen.cpu_s > 0.3
    assert seen.idle_s < 0.5


@pytest.mark.targets
@linux
def test_cpu_time_of_children_that_have_come_and_gone_counts(run: Any) -> None:
    """A parent that replaces its dying children forever is not quiescent."""
    seen = run(
        """
        import os, time
        while True:
            pid = os.fork()
            if not pid:
                end = time.process_time() + 0.1
                while time.process_time() < end: pass
                os._exit(0)
            os.waitpid(pid, 0)
        """,
        timeout_s=2,
    )
    assert (seen.ended, seen.grade) == ("limit", "busy")
    assert seen.cpu_s > 0.3  # the parent alone uses next to nothing


def test_stop_ends_a_trial_at_once(run: Any, agent: Conversation, write: Any, bell: Any) -> None:
    program = write(f"import time; {bell.ring}; time.sleep(600)")
    with ThreadPoolExecutor() as pool:
        running = pool.submit(run, program, timeout_s=60)
        bell.wait()
        asked = time.monotonic()
        agent.stop()
        seen = running.result(60)
    assert seen.ended == "stopped"
    assert time.monotonic() - asked < 30  # of the 600 s that it sleeps, and the limit's 60


def test_a_stop_that_came_too_late_does_not_end_the_next_trial(
    run: Any, agent: Conversation
) -> None:
    agent.stop()
    agent.stop()
    assert run("print('whole')").ended == "exit"


class Nonsense(msgspec.Struct):
    """A request without what is needed."""

    argv: tuple[str, ...]


def test_a_wish_that_makes_no_sense_is_an_error_and_the_agent_goes_on(
    agent: Conversation, request_of: Any
) -> None:
    with pytest.raises(AgentError, match="KeyError"):
        agent.run(Nonsense(argv=(sys.executable,)))  # type: ignore[arg-type]
    with pytest.raises(AgentError, match="stdin"):
        agent.run(request_of(sys.executable, stdin="no bytes", env={}))
    assert agent.run(request_of(sys.executable, "-c", "pass")).ended == "exit"


@pytest.mark.parametrize("ending", ["", '{"run": {"arg'])
def test_the_end_of_its_input_ends_the_agent_and_all_that_it_started(
    scratch_of: Any, start_agent: Any, request_of: Any, write: Any, bell: Any,
    processes_of: Any,
    eventually: Any, ending: str,
) -> None:  # fmt: skip
    """Also when the engine died while it wrote a line."""
    program = write(f"""
        import signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        left = int(sys.argv[1])
        if left == 0:
            {bell.ring}
        else:  # in a session of its own, where there is such a thing
            again = [sys.executable, __file__, str(left - 1)]
            subprocess.Popen(again, start_new_session=left == 2)
        time.sleep(600)
    """)
    agent = start_agent()
    agent._say({"run": request_of(sys.executable, str(program), "2")})
    bell.wait()
    scratch = scratch_of(agent)
    assert len(processes_of(scratch)) == 3
    agent._stream.write(ending.encode())
    agent._stream._in.close()
    eventually(lambda: not processes_of(scratch))
    eventually(lambda: not scratch.exists())
    assert agent._stream._process.wait(60) is not None


# --- hostile programs: over within a second of the time limit, and nothing left -----------------

HOSTILE = {
    "floods stdout for ever": """
        import sys
        while True: sys.stdout.write("x" * 65536)
    """,
    "floods both streams from many processes": """
        import os, sys
        for _ in range(4): os.fork()
        while True: os.write(1, b"x" * 65536); os.write(2, b"y" * 65536)
    """,
    "forks 500 children": """
        import os, time
        for _ in range(500):
            if not os.fork(): break
        time.sleep(600)
    """,
    "forks without end": """
        import os, time
        while True:
            if not os.fork():
                time.sleep(0.01)
                os._exit(0)
            try:
                while os.waitpid(-1, os.WNOHANG)[0]: pass
            except ChildProcessError: pass
    """,
    "forks chains that leave their parents": """
        import os
        for n in range(20):
            if not os.fork():
                while True:
                    if os.fork(): os._exit(0)
                    os.setsid()
        import time; time.sleep(600)
    """,
    "double-forks into a session of its own": """
        import os, signal, time
        if not os.fork():
            os.setsid()
            if os.fork(): os._exit(0)
            for n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)
            os.chdir("/")
        time.sleep(600)
    """,
    "ignores every signal that it can": """
        import signal, time
        for n in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(n, signal.SIG_IGN)
        while True: time.sleep(600)
    """,
    "stops itself": """
        import os, signal
        os.kill(os.getpid(), signal.SIGSTOP)
    """,
    "takes away the rights to its directories": """
        import os, time
        os.makedirs("a/b/c"); open("a/b/c/d", "w").close(); os.chmod("a/b/c/d", 0)
        here, tmp = os.getcwd(), os.environ["TMPDIR"]
        os.makedirs(tmp + "/x/y"); os.chmod(tmp + "/x/y", 0)
        for name in ("a/b/c", "a/b", "a", tmp + "/x", tmp, here, os.path.dirname(here)):
            os.chmod(name, 0)
        time.sleep(600)
    """,
    "removes the files that watch it": """
        import os, shutil, time
        shutil.rmtree(os.path.dirname(os.getcwd()), ignore_errors=True)
        time.sleep(600)
    """,
    "closes every file descriptor": """
        import os, time
        os.closerange(0, 1000)
        time.sleep(600)
    """,
    "makes semaphores": """
        import multiprocessing, time
        context = multiprocessing.get_context("spawn")
        kept = [context.Semaphore() for _ in range(50)]
        time.sleep(600)
    """,
    "kills its resource tracker": """
        import multiprocessing, os, signal, time
        from multiprocessing import resource_tracker
        kept = [multiprocessing.get_context("spawn").Semaphore() for _ in range(50)]
        os.kill(resource_tracker._resource_tracker._pid, signal.SIGKILL)
        time.sleep(600)
    """,
}


@pytest.mark.targets
@linux
@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_program_is_over_in_time_and_leaves_nothing(
    scratch_of: Any, run: Any, agent: Conversation, processes_of: Any, hostile: str
) -> None:
    seen = run(HOSTILE[hostile], timeout_s=1, keep_bytes=1000)
    assert seen.ended == "limit"
    took = seen.duration_s + seen.overhead_s
    # One second, where others leave us a core; a runaway chain of forks takes one itself.
    within_s = max(5, 5 * seen.load) if "chains" in hostile else max(1, 3 * seen.load)
    assert took < seen.limit_s + within_s
    assert processes_of(scratch_of(agent)) == []
    assert [each.name for each in scratch_of(agent).iterdir()] == ["inject"]
    assert len(seen.stdout.head + seen.stdout.tail) <= 2000
    assert run("print('the agent goes on')").stdout.head == b"the agent goes on\n"


# What it imports may lie where only root can look.
UNPRIVILEGED = "import agent.main, os; os.setgroups([]); os.setgid(65534); os.setuid(65534)"


@pytest.mark.targets
@linux
@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root alone can be another"
)
@pytest.mark.parametrize("hostile", ["takes away the rights to its directories",
                                     "removes the files that watch it"])  # fmt: skip
def test_an_unprivileged_agent_leaves_nothing_either(
    scratch_of: Any, start_agent: Any, request_of: Any, hostile: str
) -> None:
    """Root may do everything: without its rights there is more to go wrong."""
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if python is None:
        pytest.skip("no interpreter that everybody may run")
    agent = start_agent(python=python, before=UNPRIVILEGED)
    for ending in ("time.sleep(600)", "pass"):
        program = textwrap.dedent(HOSTILE[hostile]).replace("time.sleep(600)", ending)
        seen = agent.run(request_of(python, "-c", program, timeout_s=1))
        assert seen.ended == ("limit" if ending != "pass" else "exit")
        # That agent may not write where the injection is, and has it in its scratch if it may read.
        assert {each.name for each in scratch_of(agent).iterdir()} <= {"inject"}


@pytest.mark.targets
@linux
def test_what_a_program_leaves_running_is_told_and_ended(
    scratch_of: Any, run: Any, agent: Conversation, processes_of: Any
) -> None:
    seen = run("""
        import os, subprocess, sys
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                         start_new_session=True)
        print("done")
    """)
    assert (seen.ended, seen.exit_status) == ("exit", 0)
    assert seen.stdout.head == b"done\n"
    assert seen.duration_s < 300  # it did not wait for the other
    assert len(seen.left_behind.processes) == 1
    assert "time.sleep(600)" in seen.left_behind.processes[0]
    assert processes_of(scratch_of(agent)) == []


@linux
def test_helpers_that_end_by_themselves_were_not_left_behind(run: Any) -> None:
    """The resource tracker and the fork server outlive the program by a moment."""
    seen = run(
        """
        import multiprocessing
        if __name__ == "__main__":
            for method in ("spawn", "forkserver"):
                process = multiprocessing.get_context(method).Process(target=print, args=("hi",))
                process.start()
                process.join()
        """
    )
    assert (seen.ended, seen.exit_status) == ("exit", 0)
    assert seen.left_behind.processes == seen.left_behind.shared_memory == ()


@pytest.mark.targets
@linux
def test_semaphores_that_a_daemon_has_mapped_are_removed(run: Any) -> None:
    seen = run("""
        import multiprocessing, os, signal, time
        from multiprocessing import resource_tracker
        kept = multiprocessing.get_context("spawn").Semaphore()
        os.kill(resource_tracker._resource_tracker._pid, signal.SIGKILL)
        if not os.fork():
            time.sleep(600)
        os._exit(0)
    """)
    (name,) = seen.left_behind.shared_memory
    assert name.startswith("sem.mp-")
    assert not Path("/dev/shm", name).exists()  # noqa: S108 - where the kernel shows it


@linux
def test_shared_memory_with_a_name_of_its_own_goes_with_a_trial_that_is_ended(
    run: Any, tmp_path: Path
) -> None:
    """Else the next trial would find the name taken; what was there before is let be."""
    own, other = (f"{tmp_path.name}-{name}-{os.getpid()}" for name in ("own", "other"))
    theirs = shared_memory.SharedMemory(name=other, create=True, size=8)
    try:
        program = f"""
        import threading
        from multiprocessing import shared_memory
        own = shared_memory.SharedMemory(name={own!r}, create=True, size=8)
        other = shared_memory.SharedMemory(name={other!r})
        threading.Event().wait()
        """
        seen = run(program, timeout_s=20)
        assert seen.ended in ("proof", "limit")
        assert not Path("/dev/shm", own).exists()  # noqa: S108 - where the kernel shows it
        assert Path("/dev/shm", other).exists()  # noqa: S108 - likewise
    finally:
        theirs.close()
        theirs.unlink()


@pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(), reason="there is no fork server"
)
def test_a_long_tmpdir_leaves_room_for_the_fork_servers_socket(
    start_agent: Any, request_of: Any, write: Any, tmp_path: Path
) -> None:
    """A path of a socket has 103 bytes on macOS, and its own TMPDIR takes 48 of them."""
    long = tmp_path / ("x" * 60)
    long.mkdir()
    program = write("""
        import multiprocessing
        if __name__ == "__main__":
            process = multiprocessing.get_context("forkserver").Process(target=print)
            process.start()
            process.join()
            raise SystemExit(process.exitcode)
    """)
    agent = start_agent(before=f"import tempfile; tempfile.tempdir = {str(long)!r}")
    seen = agent.run(request_of(sys.executable, str(program)))
    assert (seen.exit_status, seen.stderr.text()) == (0, "")


def test_fatal_errors_are_told_apart(tmp_path: Path) -> None:
    """Windows has exceptions that are no signals."""
    dumped = "Fatal Python error: Aborted\n\nThread 0x1:\n  File a.py\n\n"
    dumped += "Windows fatal exception: access violation\n\nThread 0x2:\n  File b.py\n"
    (tmp_path / "events.crashes").write_bytes(dumped.encode())
    place = SimpleNamespace(events=str(tmp_path / "events"))
    aborted, violation = trial._crashes(place)  # type: ignore[arg-type]
    assert aborted == "Fatal Python error: Aborted\n\nThread 0x1:\n  File a.py"
    assert violation.startswith("Windows fatal exception: access violation")


# --- the agent's own interpreter ----------------------------------------------------------------


@pytest.mark.targets
def test_the_agent_works_on_the_oldest_python_that_it_supports(
    start_agent: Any, request_of: Any, write: Any
) -> None:
    every = sorted(interpreters.find(), key=lambda each: Version(each.python))
    oldest = next(each for each in every if Version(each.python) >= Version("3.8"))
    agent = start_agent(python=oldest.executable)
    program = str(write("import sys; print(sys.stdin.read())"))
    seen = agent.run(request_of(sys.executable, program, stdin=b"hello"))
    assert (seen.ended, seen.stdout.text()) == ("exit", "hello\n")
    seen = agent.run(request_of(sys.executable, "-c", "while True: pass", timeout_s=0.5))
    assert (seen.ended, seen.grade) == ("limit", "busy")
    program = str(write("import time; time.sleep(600)"))
    assert agent.run(request_of(sys.executable, program, timeout_s=0.5)).grade == "quiescent"


def test_the_target_may_be_any_python(run: Any, interpreter: Environment) -> None:
    seen = run("import sys; print('%d.%d' % sys.version_info[:2])", python=interpreter.executable)
    version = Version(interpreter.python)
    assert seen.stdout.text() == f"{version.major}.{version.minor}\n"
    assert seen.stderr.text() == ""


# --- the time limit, by hand ---------------------------------------------------------------------


class Load:
    """A job that uses and lacks as much as the test says."""

    def __init__(self) -> None:
        self.used_s = self.lacked_s = 0.0
        self.is_ready = False

    def scheduling(self) -> tuple[float, float]:
        return self.used_s, self.lacked_s

    def ready(self) -> bool:
        return self.is_ready


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., float]:
    now = [100.0]

    def advance(seconds: float = 0) -> float:
        now[0] += seconds
        return now[0]

    monkeypatch.setattr("startlab.agent.limit.time.monotonic", advance)
    monkeypatch.setattr(limits, "CORES", 2)
    return advance


def follow(
    clock: Any, used: float, lacked: float, timeout_s: float = 4, *, writes_for_s: float = 0
) -> limits.Limit:
    """Have a job use and lack so many seconds in each second, until its time is over."""
    job, began = Load(), clock()
    written = lambda: int(10 * min(clock() - began, writes_for_s))  # noqa: E731 - bytes by now
    limit = limits.Limit(job, timeout_s, written)  # type: ignore[arg-type]
    for _ in range(1000):
        clock(0.5)
        job.used_s += used / 2
        job.lacked_s += lacked / 2
        if limit.look():
            return limit
    raise AssertionError("never over")


@pytest.mark.parametrize(
    ("writes_for_s", "limit_s"),
    [
        (1, 4),
        (6, 8),  # until half the limit after its last word
        (1000, 12),  # at most three times the limit
    ],
)
def test_the_limit_grows_while_the_job_writes(
    clock: Any, writes_for_s: float, limit_s: float
) -> None:
    limit = follow(clock, used=1.0, lacked=0.0, writes_for_s=writes_for_s)
    assert limit.limit_s == pytest.approx(limit_s, abs=0.6)


@pytest.mark.parametrize(
    ("used", "lacked", "limit_s", "quiet"),
    [
        (0.0, 0.0, 4, True),
        (0.01, 0.0, 4, True),
        (1.0, 0.0, 4, False),
        (0.5, 0.5, 8, False),  # it had half of what it wanted
        (0.0, 1.0, 24, False),  # not forever: at most six times the limit
        (2.0, 5.0, 4, False),  # it has all cores itself: its own threads are in its way
    ],
)
def test_the_clock_stands_still_while_others_take_the_cores(
    clock: Any, used: float, lacked: float, limit_s: float, *, quiet: bool
) -> None:
    limit = follow(clock, used, lacked)
    assert limit.limit_s == pytest.approx(limit_s, abs=1)
    assert limit.quiet is quiet


def test_a_thread_that_is_ready_and_gets_no_core_at_all_is_not_idle(clock: Any) -> None:
    """The kernel adds its wait only once it has a core."""
    job = Load()
    job.is_ready = True
    limit = limits.Limit(job, 10, lambda: 0)  # type: ignore[arg-type]
    for _ in range(12):
        clock(1.0)
        assert not limit.look()
    assert limit.starved_s == pytest.approx(11, abs=1)
    assert not limit.quiet


def test_the_texts_that_a_program_leaves_in_its_folder_are_kept(
    agent: Conversation, request_of: Any, tmp_path: Path
) -> None:
    (tmp_path / "same.txt").write_text("as it was", "utf-8")
    (tmp_path / "changed.txt").write_text("as it was", "utf-8")
    program = tmp_path / "program.py"
    program.write_text(
        "import os\nos.mkdir('out')\nopen('out/a.txt', 'w').write('1\\n')\n"
        "open('same.txt', 'w').write('as it was')\nopen('changed.txt', 'w').write('2')\n"
        "open('binary', 'wb').write(b'\\0\\xff')\nopen('long', 'w').write('x' * 99999)\n",
        "utf-8",
    )
    asked = request_of(sys.executable, "program.py", files=str(tmp_path))
    assert agent.run(asked).written == {"out/a.txt": "1\n", "changed.txt": "2"}
    assert agent.run(request_of(sys.executable, str(program))).written == {}

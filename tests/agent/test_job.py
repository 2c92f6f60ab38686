"""The processes of a trial, on each of the ways by which they can be known here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from startlab.backends.conversation import Conversation

pytestmark = [
    pytest.mark.native,
    pytest.mark.targets,
    pytest.mark.skipif(sys.platform != "linux", reason="Linux has all three ways"),
]

WAYS = {
    "the kernel's lists of children": "import agent.job.linux",
    "every process's parent": (
        "import agent.job.linux; agent.job.linux.KERNEL_LISTS_CHILDREN = False"
    ),
    "ps": (
        "import agent.job.ps; ps = vars(agent.job.ps); "
        "vars(agent.job).update({each: ps[each] for each in agent.job.__all__ if each in ps})"
    ),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, start_agent: Any) -> Conversation:
    if request.param == "ps" and not Path("/bin/ps").exists():
        pytest.skip("there is no /bin/ps")
    agent: Conversation = start_agent(before=WAYS[request.param])
    return agent


TREE = """
    import os, sys, time
    middle = os.fork()
    if middle == 0:
        if os.fork() == 0:
            if os.fork() == 0:
                os.write(1, b"the innermost is there")
        time.sleep(600)
    %s
"""


def test_an_exit(way: Conversation, request_of: Any, write: Any) -> None:
    program = str(write("import sys; print('out'); sys.exit(3)"))
    seen = way.run(request_of(sys.executable, program))
    assert (seen.ended, seen.exit_status, seen.stdout.head) == ("exit", 3, b"out\n")
    assert seen.left_behind.processes == ()


def test_a_death_by_a_signal(way: Conversation, request_of: Any) -> None:
    seen = way.run(request_of(sys.executable, "-c", "import os; os.kill(os.getpid(), 15)"))
    assert (seen.ended, seen.exit_status) == ("exit", -15)


def test_a_tree_is_known_and_ended_at_the_limit(
    way: Conversation, request_of: Any, write: Any, processes_of: Any, scratch_of: Any
) -> None:
    program = str(write(TREE % "time.sleep(600)"))
    seen = way.run(request_of(sys.executable, program, timeout_s=1.5))
    assert (seen.ended, seen.stdout.head) == ("limit", b"the innermost is there")
    assert len(seen.processes) == 4
    assert {"program.py"} == {process.command.split("/")[-1] for process in seen.processes}
    by_pid = {process.pid: process for process in seen.processes}
    assert sum(process.ppid in by_pid for process in seen.processes) == 3
    assert processes_of(scratch_of(way)) == []


def test_a_tree_that_the_program_leaves_is_known_and_ended(
    way: Conversation, request_of: Any, write: Any, processes_of: Any, scratch_of: Any
) -> None:
    program = str(write(TREE % "sys.exit(5)"))
    seen = way.run(request_of(sys.executable, program))
    assert (seen.ended, seen.exit_status) == ("exit", 5)
    assert len(seen.left_behind.processes) == 3
    assert processes_of(scratch_of(way)) == []


def test_a_session_of_its_own_is_no_way_out_while_its_parents_live(
    way: Conversation, request_of: Any, write: Any, processes_of: Any, scratch_of: Any
) -> None:
    program = str(
        write("""
        import os, time
        if os.fork() == 0:
            os.setsid()
            os.fork()
        time.sleep(600)
    """)
    )
    seen = way.run(request_of(sys.executable, program, timeout_s=1.5))
    assert len(seen.processes) == 3
    assert processes_of(scratch_of(way)) == []


@pytest.fixture
def exact_way(request: pytest.FixtureRequest, way: Conversation) -> Conversation:
    if request.node.callspec.params["way"] == "ps":
        pytest.skip("ps shows whole seconds here")
    return way


def test_cpu_time_is_that_of_the_whole_tree(
    exact_way: Conversation, request_of: Any, write: Any
) -> None:
    program = str(
        write("""
        import os, time
        def use():
            while time.process_time() < 0.3: pass
        if os.fork() == 0:
            use(); time.sleep(600)
        use(); time.sleep(600)
    """)
    )
    for limit_s in (3, 30):  # a busy machine takes longer to give them their 0.3 s
        seen = exact_way.run(request_of(sys.executable, program, timeout_s=limit_s))
        if seen.grade != "busy":
            break
    assert (seen.ended, seen.grade) == ("limit", "quiescent")
    assert 0.5 < seen.cpu_s < 2


def test_a_spinning_child_makes_a_job_busy(
    exact_way: Conversation, request_of: Any, write: Any
) -> None:
    program = str(
        write("import os, time\nif os.fork() == 0:\n    while True: pass\ntime.sleep(600)")
    )
    assert exact_way.run(request_of(sys.executable, program, timeout_s=2)).grade == "busy"


def test_threads_that_come_and_go_make_a_job_busy(
    exact_way: Conversation, request_of: Any, write: Any
) -> None:
    """What they have used goes with them, in the kernel's list of threads."""
    program = str(
        write("""
        import threading, time
        def use():
            end = time.thread_time() + 0.1
            while time.thread_time() < end: pass
        while True:
            thread = threading.Thread(target=use)
            thread.start()
            thread.join()
    """)
    )
    seen = exact_way.run(request_of(sys.executable, program, timeout_s=2.5))
    assert (seen.ended, seen.grade) == ("limit", "busy")


# --- by hand -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "seconds"),
    [("0:00", 0), ("0:01.50", 1.5), ("1:02:03", 3723), ("2-01:00:00", 49 * 3600), ("00:00:07", 7)],
)
def test_the_time_that_ps_shows(shown: str, seconds: float) -> None:
    from startlab.agent.job import ps

    assert ps._cpu(shown) == seconds


def test_a_command_of_several_lines_is_no_trouble() -> None:
    from startlab.agent.job import ps

    rows = ps.parse(
        "  1     0     1 Ss     0:01.50 Sun Nov 22 22:12:29 2026 /sbin/launchd\n"
        " 77     1    77 S      0:00.02 Sun Nov 22 22:13:00 2026 sh -c for each in\n"
        "the lines of a text that is an argument and has more than nine words\n"
        "\n"
        " 78    77    77 Z      0:00.00 Sun Nov 22 22:13:00 2026\n"
    )
    assert [(row.pid, row.ppid, row.state, row.cpu_s) for row in rows] == [
        (1, 0, "Ss", 1.5), (77, 1, "S", 0.02), (78, 77, "Z", 0.0),
    ]  # fmt: skip
    assert rows[1].command == "sh -c for each in"


@pytest.mark.skipif(not Path("/bin/ps").exists(), reason="there is no /bin/ps")
def test_ps_knows_this_process() -> None:
    from startlab.agent.job import ps

    (row,) = (row for row in ps._ps() if row.pid == os.getpid())
    assert (row.ppid, row.pgid) == (os.getppid(), os.getpgid(0))
    assert "python" in row.command
    assert row.started.split()[-1].isdigit()


def test_a_name_with_brackets_and_spaces_is_no_trouble(tmp_path: Path) -> None:
    from startlab.agent.job import linux

    program = tmp_path / ") R 1 (x"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "600"]) as process:
        seen = linux._stat(process.pid)
        process.kill()
    assert seen is not None
    assert (seen.pid, seen.ppid) == (process.pid, os.getpid())


def test_a_process_that_is_gone_is_no_trouble() -> None:
    from startlab.agent.job import linux

    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    assert linux._stat(process.pid) is None
    assert linux._children(process.pid) == []
    linux._signal(process.pid, 9)
    assert linux.remove_shared_memory({"sem.mp-gone": 1}) == []

"""What hostile programs write, put in the place of files, and do to their agent."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from startlab.agent import boundary, events, injection, main, removal, trial
from startlab.backends import conversation
from startlab.errors import AgentError, StalledError

if TYPE_CHECKING:
    from startlab.backends.conversation import Conversation
    from tests.conftest import RunProgram, StartAgent

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(sys.platform == "win32", reason="what these programs do is Unix's"),
]

linux = pytest.mark.skipif(sys.platform != "linux", reason="what this program does is Linux's")

IN_THE_PLACE = {
    "a pipe": "os.mkfifo(path)",
    "a link to a device without end": "os.symlink('/dev/zero', path)",
    "a link to a file": "os.symlink(__file__, path)",
    "a folder": "os.mkdir(path)",
    "an endless file": "os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), 1 << 40)",
}


@pytest.mark.parametrize("of", ["", ".crashes", ".stacks"])
@pytest.mark.parametrize("what", IN_THE_PLACE)
def test_whatever_is_in_the_place_of_a_file_is_not_waited_for(
    run: RunProgram, what: str, of: str
) -> None:
    seen = run(
        f"""
        import os, threading
        path = os.environ["STARTLAB_EVENTS"] + {of!r}
        os.unlink(path)
        {IN_THE_PLACE[what]}
        threading.Event().wait()
        """,
        timeout_s=1,
    )
    assert seen.ended in ("limit", "proof")
    assert seen.overhead_s < 60
    assert bool(seen.dropped_events) == (of == "")
    assert run("print('the agent goes on')").stdout.head == b"the agent goes on\n"


def test_a_flood_of_events_is_read_once_and_to_a_bound(tmp_path: Path) -> None:
    file = tmp_path / "events"
    line = b"forced\t7\t1\tspawn\n"
    file.write_bytes(line * 1000)
    reader = events.Reader(str(file))
    assert (len(reader.read().events), reader.read().dropped) == (1000, 0)
    with file.open("ab") as more:
        more.write(line[:5])
        more.flush()
        assert reader.read().dropped == 1  # as long as it has no end
        more.write(line[5:])
        more.flush()
        assert (len(reader.read().events), reader.read().dropped) == (1001, 0)
    os.truncate(file, 1 << 40)
    told = reader.read()
    assert (len(told.events), told.dropped) == (1001, 2)  # the zeros, and what is beyond the bound
    assert reader._read == boundary.MOST


def test_names_are_bounded_and_no_link_is_followed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(100):
        (folder / f"{number:03}").touch()
    (tmp_path / "link").symlink_to(folder)
    assert boundary.names(str(folder), 2) == ["000", "001"]
    assert boundary.names(str(tmp_path / "link"), 2) == []
    assert boundary.names(str(tmp_path / "nowhere"), 2) == []


def test_what_was_written_since_is_listed_and_bounded(tmp_path: Path) -> None:
    for name in ("b/two", "one", "old", ".hidden", "__pycache__/x.pyc"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name, "utf-8")
        os.utime(path, (50, 50) if name == "old" else (150, 150))
    (tmp_path / "link").symlink_to(tmp_path)
    assert boundary.changed(str(tmp_path), 100, 5) == [str(tmp_path / n) for n in ("b/two", "one")]
    assert boundary.changed(str(tmp_path), 100, 1) == [str(tmp_path / "b/two")]
    assert boundary.changed(str(tmp_path / "nowhere"), 100, 1) == []


# --- the conversation ---------------------------------------------------------------------------

FORGES = """
    import json, os
    agent = os.getppid()
    forged = {"id": 1, "token": "", "observation": {
        "ended": "exit", "exit_status": 0, "duration_s": 0.0}}
    opened = []
    for number in range(1100):
        try:
            fd = os.open("/proc/%d/fd/%d" % (agent, number), os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            continue
        target = os.readlink("/proc/%d/fd/%d" % (agent, number))
        if target.startswith(("/dev/null", "pipe:", "socket:")):
            os.write(fd, json.dumps(forged).encode() + b"\\n" + b'{"stop": true}\\n')
            opened.append(target)
    print(sorted(set(opened)))
    raise SystemExit(3)
"""


@linux
def test_a_program_cannot_answer_for_its_agent(start_agent: StartAgent, request_of: Any) -> None:
    """Root may open every descriptor that has a name in /proc, and finds none of the streams."""
    agent = start_agent()
    program = "\n".join(line[4:] for line in FORGES.splitlines())
    for status in (3, 0):
        code = program if status else "print('its own')"
        seen = agent.run(request_of(sys.executable, "-c", code))
        assert (seen.ended, seen.exit_status) == ("exit", status), seen.stderr.text()
        assert "socket" not in seen.stdout.text()  # pipes are those of its own output


@linux
@pytest.mark.targets
@pytest.mark.parametrize("way", ["stops", "traces"])
def test_an_agent_that_its_program_stops_is_ended_with_all_processes(
    start_agent: StartAgent, request_of: Any, processes_of: Any, scratch_of: Any, way: str
) -> None:
    agent = start_agent()
    scratch = scratch_of(agent)
    does = {
        "stops": "os.kill(os.getppid(), signal.SIGSTOP)",
        # PTRACE_ATTACH
        "traces": "import ctypes; ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)",
    }[way]
    code = (
        "import os, signal, time\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    os.setsid(); os.environ.clear(); os.execve('/bin/sleep', ['sleep', '600'], {})\n"
        f"{does}\n"
        "time.sleep(600)\n"
    )
    began = time.monotonic()
    try:
        seen = agent.run(request_of(sys.executable, "-c", code, timeout_s=1))
    except StalledError as error:
        assert "no answer" in str(error)  # noqa: PT017 - or it may not trace, and the limit holds
    else:
        assert (way, seen.ended) == ("traces", "limit")
    assert time.monotonic() - began < 1 + 5 * 6 + 15
    agent.close()
    assert processes_of(scratch) == []
    assert not scratch.exists()


@linux
def test_an_agent_that_spins_between_trials_is_ended(
    start_agent: StartAgent, request_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one whose limits or files a program has spoiled might; no trial has begun by then."""
    agent = start_agent(
        before="import agent.trial\ndef spin():\n while True: pass\nagent.trial.restore = spin"
    )
    monkeypatch.setattr(conversation, "FIRST_S", 0.1)
    monkeypatch.setattr(conversation, "GRACE_S", 0.1)
    with pytest.raises(StalledError, match="no answer for"):
        agent.run(request_of(sys.executable, "-c", "pass"))


def test_an_observation_that_is_too_long_for_a_line_loses_its_longest_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(main, "LONGEST_LINE", 1000)
    short = {"observation": {"ended": "exit", "starts": [{"method": "fork"}] * 2}}
    assert json.loads(main._line(short)) == short
    seen = {"ended": "exit", "processes": ["x" * 600], "clues": ["y" * 600], "starts": [1]}
    said = json.loads(main._line({"id": 1, "observation": seen}))
    assert said == {
        "id": 1,
        "observation": {"ended": "exit", "clues": ["y" * 600], "starts": [1], "dropped_events": 1},
    }
    assert "processes" in seen


# --- the injection ------------------------------------------------------------------------------

POISONS = """
    import glob, os, sys
    folder = os.environ["PYTHONPATH"].split(os.pathsep)[0]
    for file in glob.glob(folder + "/*.py") + glob.glob(folder + "/__pycache__/*"):
        with open(file, "r+b") as opened:
            opened.write(b"import os; os._exit(9)\\n#")
    os.mkdir(folder + "/json")
    open(folder + "/json/__init__.py", "w").write("raise SystemExit(8)")
"""


def test_what_a_program_writes_into_the_injection_is_gone_in_the_next_trial(
    run: RunProgram,
) -> None:
    installed = {
        path: path.read_bytes() for path in Path(injection.INSTALLED).rglob("*") if path.is_file()
    }
    assert run(POISONS, python=sys.executable).exit_status == 0
    seen = run("import json, sys; print(sys.modules['startlab_inject'].__file__)", method="spawn")
    assert seen.exit_status == 0, seen.stderr.text()
    assert not seen.stdout.text().startswith(injection.INSTALLED)
    assert seen.dropped_events == 0
    assert {path: path.read_bytes() for path in installed} == installed


def test_bytecode_is_kept_and_none_that_a_program_wrote(tmp_path: Path) -> None:
    copy = injection.Injection(str(tmp_path))
    for name in [name for name in copy._files if name.endswith(".pyc")]:
        del copy._files[name]  # as on a machine where nothing has run yet
    folder = Path(copy.ready())
    cached = folder / "__pycache__" / f"sitecustomize.{sys.implementation.cache_tag}.pyc"
    cached.parent.mkdir()
    cached.write_bytes(b"of a program")
    installed = Path(injection.INSTALLED) / "sitecustomize.py"
    inode = installed.stat().st_ino
    copy.learn(sys.executable)
    assert installed.stat().st_ino == inode  # sources are left alone
    assert b"of a program" not in cached.read_bytes()
    before = cached.stat()
    assert Path(copy.ready()) == folder
    assert cached.stat() == before or cached.stat().st_mtime_ns == before.st_mtime_ns
    ran = subprocess.run(
        [sys.executable, "-v", "-c", ""],
        env={"PYTHONPATH": str(folder)}, capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert f"code object from '{cached}'" in ran.stderr
    assert "wrote" not in ran.stderr


def test_what_pytest_compiles_is_removed_and_nothing_is_compiled_for_it(tmp_path: Path) -> None:
    copy = injection.Injection(str(tmp_path))
    folder = Path(copy.ready())
    before = {path: path.stat().st_ino for path in folder.rglob("*")}
    cached = folder / "__pycache__" / f"startlab_tests.{sys.implementation.cache_tag}-pytest-9.pyc"
    cached.parent.mkdir(exist_ok=True)
    cached.write_bytes(b"of pytest")
    copy.learn("/no/such/python")
    assert not copy._asked
    assert Path(copy.ready()) == folder
    assert not cached.exists()
    after = {path: path.stat().st_ino for path in folder.rglob("*")}
    assert {path: after[path] for path in before} == before


# --- what is removed ----------------------------------------------------------------------------


def deep(folder: Path, depth: int) -> None:
    """Nest folders deeper than a path or a stack may be."""
    code = (
        "import os, sys\n"
        "os.chdir(sys.argv[1])\n"
        "for _ in range(int(sys.argv[2])):\n"
        "    os.mkdir('nested-folder'); open('file', 'w').close(); os.chdir('nested-folder')\n"
    )
    subprocess.run([sys.executable, "-c", code, str(folder), str(depth)], check=True)


def test_a_deep_tree_is_removed_with_its_trial(
    run: RunProgram, agent: Conversation, scratch_of: Any
) -> None:
    seen = run("""
        import os
        for _ in range(4000):
            os.mkdir("nested-folder")
            os.chdir("nested-folder")
    """)
    assert (seen.ended, seen.exit_status) == ("exit", 0)
    assert [each.name for each in scratch_of(agent).iterdir()] == ["inject"]


def test_a_deep_tree_without_permissions_is_removed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "closed" / "within").mkdir(parents=True)
    (top / "up-0").touch()
    (top / "link").symlink_to(tmp_path)
    (tmp_path / "kept").touch()
    deep(top / "closed" / "within", 4000)
    (top / "closed" / "within").chmod(0)
    (top / "closed").chmod(0)
    assert removal.remove(str(top))
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root on Linux can mount"
)
def test_what_is_mounted_in_a_folder_is_not_removed_with_it(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    (theirs / "kept").touch()
    (ours / "place with blanks").mkdir(parents=True)
    mounted = subprocess.run(
        ["/bin/mount", "--bind", theirs, ours / "place with blanks"], check=False
    )
    if mounted.returncode:
        pytest.skip("mount(2) is not allowed here")
    assert removal.remove(str(ours))
    assert not ours.exists()
    assert (theirs / "kept").exists()


CHANGES = """
    import os, resource
    agent = os.getppid()
    for number in (resource.RLIMIT_NOFILE, resource.RLIMIT_STACK, resource.RLIMIT_FSIZE):
        resource.prlimit(agent, number, (16, resource.prlimit(agent, number)[1]))
    os.sched_setaffinity(agent, {max(os.sched_getaffinity(agent))})
"""
SHOWS = """
    import os, resource
    names = sorted(name for name in dir(resource) if name.startswith("RLIMIT_"))
    print([resource.getrlimit(getattr(resource, name)) for name in names])
    print(sorted(os.sched_getaffinity(0)), os.getpriority(os.PRIO_PROCESS, 0))
"""


@linux
def test_what_a_program_changes_of_its_agent_does_not_befall_the_next(run: RunProgram) -> None:
    before = run(SHOWS).stdout.text()
    assert run(CHANGES).exit_status == 0
    assert run(SHOWS).stdout.text() == before


@linux
def test_an_agent_that_cannot_undo_what_a_program_changed_says_so(
    start_agent: StartAgent, request_of: Any, write: Any
) -> None:
    program = write("""
        import os, resource
        resource.prlimit(os.getppid(), resource.RLIMIT_CORE, (0, 0))
    """)
    import resource

    # As it is for everybody but root, who may have it back.
    forbid = """
import resource, agent.job.inherited
def refuse(*said):
    raise ValueError("not allowed to raise maximum limit")
resource.setrlimit = refuse
"""
    had = (
        "resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))"
    )
    agent = start_agent(before=f"import resource; {had}" + forbid)
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("the limit is as low as it can be")
    request = request_of(sys.executable, str(program))
    assert agent.run(request).exit_status == 0
    with pytest.raises(AgentError, match="has changed the limits"):
        agent.run(request)


@pytest.mark.parametrize("place", ["scratch", "scratch/trial"])
def test_what_a_link_leads_to_is_nobody_elses_to_remove(tmp_path: Path, place: str) -> None:
    """A program has put the link in the place of its own folder, or of the agent's."""
    theirs = tmp_path / "theirs"
    (theirs / "folder").mkdir(parents=True)
    (theirs / "folder" / "kept").touch()
    theirs.chmod(0o750)
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).symlink_to(theirs)
    assert removal.remove(str(tmp_path / place))
    assert not (tmp_path / place).is_symlink()
    assert (theirs / "folder" / "kept").exists()
    assert theirs.stat().st_mode & 0o777 == 0o750


def test_a_file_in_the_place_of_a_folder_is_removed(tmp_path: Path) -> None:
    (tmp_path / "place").touch()
    assert removal.remove(str(tmp_path / "place"))
    assert removal.remove(str(tmp_path / "was-never-there"))
    assert list(tmp_path.iterdir()) == []


@linux
def test_what_may_not_be_changed_is_removed(tmp_path: Path) -> None:
    """By chattr(1): a folder, a file in it, and the place of the injection."""
    scratch = tmp_path / "scratch"
    place = scratch / "trial"
    place.mkdir(parents=True)
    (place / "file").touch()
    words = [shutil.which("chattr") or "false", "+i", str(place / "file"), str(place)]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("chattr(1) is not allowed here, or the file system has no such attributes")
    assert removal.remove(str(scratch))


def test_a_pipe_where_a_file_is_to_be_copied_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        trial.copy_file(str(tmp_path / "pipe"), str(tmp_path / "copy"))


def test_an_injection_that_cannot_be_removed_is_put_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the program of root has made it immutable, with a pipe in it."""
    ours = injection.Injection(str(tmp_path))
    first = Path(ours.ready())
    (first / "sitecustomize.py").unlink()
    os.mkfifo(first / "sitecustomize.py")
    monkeypatch.setattr(injection, "remove", lambda _: False)
    second = Path(ours.ready())
    assert second != first
    assert (second / "sitecustomize.py").read_text("utf-8")
    assert ours.ready() == str(second)

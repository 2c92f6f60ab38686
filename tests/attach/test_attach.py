"""What `startlab why` says of real trees, hung and living, that were running before it looked.

The programs under `hung` and `living` are started by hand, a few at once. Each has its folder and
the number of a port, which accepts and says nothing, as arguments, and prints `ready` just before
it blocks. Its first comment lines say what is right:

- `# verdict: ...`: the kinds of verdict that are right, `# who: ...` how the process or thread is
  called that the verdict names, and `# here` marks the line that it is at.
- `# outside: ...`: the kind of what it waits for.
- `# held: ...`: how the thread is called that has the lock, by what memory says.
- `# wide`: it shows what others show, too (see `wide` in pyproject.toml).
- `# needs: PACKAGE`, `# terminal`, `# stdin: ...` (a pipe that stays open), `# other: ...` (the
  same program runs a second time beside it, and does that): what it is run with.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil
import pytest

from startlab.backends import attach
from startlab.backends.py_spy import py_spy
from startlab.diagnosis import tree as trees
from startlab.errors import LookError
from startlab.report import why as report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.mark import ParameterSet

pytestmark = [
    pytest.mark.native,
    pytest.mark.targets,
    pytest.mark.xdist_group("attach"),  # each worker would run all of its programs
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a thread waits for"),
    pytest.mark.skipif(py_spy() is None, reason="there is no py-spy here"),
]

AT_ONCE = 4  # most programs sleep most of the time
HERE = Path(__file__).parent
WITHIN_S = 240.0
LOOKS = 2
# pytest changes its own with every test, while programs are started from other threads.
ENVIRONMENT = dict(os.environ)
DEAD = ("deadlock", "stuck", "part")
PATIENCE_S = {"hung": 60.0, "living": 15.0}


class Program(NamedTuple):
    path: Path

    def note(self, name: str) -> str | None:
        found = re.search(rf"^# {name}(?:: (.*))?$", self.path.read_text(), re.MULTILINE)
        return None if found is None else found[1] or ""

    @property
    def here(self) -> str | None:
        lines = self.path.read_text().splitlines()
        marked = [number for number, line in enumerate(lines, 1) if "# here" in line]
        return f"{self.path.name}:{marked[0]}" if marked else None

    @property
    def lacks(self) -> str | None:
        """The package that it needs, where that is not installed."""
        needs = self.note("needs")
        return needs if needs and importlib.util.find_spec(needs) is None else None

    @contextmanager
    def running(self, folder: Path) -> Iterator[int]:
        """Run it until it says that it is ready; give the process to ask about."""
        with ExitStack() as stack:
            silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            words = [str(folder), str(silent.getsockname()[1])]
            if self.note("other") is not None:
                stack.enter_context(started(self, [str(folder), "other"], folder))
            yield stack.enter_context(started(self, words, folder))


@contextmanager
def started(program: Program, words: list[str], folder: Path) -> Iterator[int]:
    stdin = subprocess.PIPE if program.note("stdin") is not None else subprocess.DEVNULL
    master = slave = None
    if program.note("terminal") is not None:
        master, slave = os.openpty()
    process = subprocess.Popen(
        [sys.executable, str(program.path), *words],
        stdin=slave if slave is not None else stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
        cwd=folder,
        env=ENVIRONMENT,
    )
    said: list[str] = []
    reader = threading.Thread(target=keep, args=(process, said), daemon=True)
    reader.start()
    try:
        deadline = time.monotonic() + WITHIN_S
        while not any("ready" in line for line in said) and not (folder / "ready").exists():
            assert time.monotonic() < deadline, "it did not get as far as that"
            time.sleep(0.02)
        other = re.search(r"pid (\d+)", "".join(said))
        yield int(other[1]) if other else process.pid
    finally:
        end_session(process.pid)
        process.wait()
        for fd in filter(None, (master, slave)):
            os.close(fd)
        if process.stdin is not None:
            process.stdin.close()
        reader.join(5)


def keep(process: subprocess.Popen[str], said: list[str]) -> None:
    assert process.stdout is not None
    with process.stdout:
        said.extend(iter(process.stdout.readline, ""))


def end_session(session: int) -> None:
    """End all that a program has started, orphans too: they are of its session."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = [each for each in psutil.pids() if session_of(each) == session]
        if not found:
            return
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.01)


def session_of(pid: int) -> int:
    try:
        if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return 0
        return os.getsid(pid)
    except (OSError, psutil.Error):
        return 0


def programs(kind: str) -> list[ParameterSet]:
    found = [Program(path) for path in sorted((HERE / kind).glob("*.py"))]
    return [
        pytest.param(each, id=each.path.stem, marks=[pytest.mark.wide] * (each.note("wide") == ""))
        for each in found
    ]


def all_of(tree: trees.Tree) -> str:
    """Give the verdict with what it rests on."""
    return " ".join((report.sentence(tree), *report.details(tree)))


def wrong(program: Program, tree: trees.Tree) -> list[str]:
    """List what is not right of what is said about a hung program."""
    kinds = (program.note("verdict") or "").split(", ")
    found = []
    if tree.verdict.kind not in kinds:
        return [f"{tree.verdict.kind}, and not {kinds}"]
    where = [tree.verdict.leaf] if tree.verdict.leaf else list(tree.verdict.ring)
    threads = [tree.thread(each) for each in where]
    lines = [each.where for each in threads if each is not None]
    who = program.note("who") or ""
    sentence = all_of(tree)
    if who.lower() not in sentence.lower():
        found.append(f"not called {who}")
    dead = {(each.pid, each.tid) for each in tree.look.seen if each.dead}
    every = [t.where for p in tree.processes for t in p.threads if (p.pid, t.tid) in dead]
    if program.here is not None and program.here not in [*lines, *every]:
        found.append(f"at {lines}, and not {program.here}")
    held = program.note("held")
    if held is not None and f"{held} " not in sentence.partition("waits for the lock")[2]:
        found.append(f"not held by {held}")
    kind = program.note("outside")
    if kind is not None and (tree.verdict.outside is None or tree.verdict.outside.kind != kind):
        found.append(f"waits for {tree.verdict.outside}, and not for a {kind}")
    return found


class Told(NamedTuple):
    """What is said of a program, look by look, and what is wrong with the last one."""

    trees: list[trees.Tree]
    wrong: list[str]

    @property
    def sentences(self) -> list[str]:
        return [all_of(tree) for tree in self.trees]


def told(program: Program) -> Told:
    """Run a program and ask about it: one that hangs until what is said is right."""
    hung = program.path.parent.name == "hung"
    patience_s = PATIENCE_S[program.path.parent.name]
    found: list[trees.Tree] = []
    with tempfile.TemporaryDirectory(prefix="startlab-") as folder:  # noqa: SIM117
        with program.running(Path(folder)) as pid:
            deadline = time.monotonic() + WITHIN_S
            for look in itertools.count(1):
                with suppress(LookError):  # it may change too fast to be read
                    found.append(trees.explain(attach.look([pid], patience_s=patience_s)))
                mistakes = wrong(program, found[-1]) if hung and found else []
                done = bool(found) and not mistakes if hung else look == LOOKS
                if done or time.monotonic() > deadline:
                    break
    return Told(found, mistakes)


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> Iterator[dict[Program, Future[Told]]]:
    """Ask about the programs of all tests that were selected, some at once, in the tests' order."""
    with ThreadPoolExecutor(AT_ONCE) as executor:
        futures: dict[Program, Future[Told]] = {}
        for item in request.session.items:
            callspec = getattr(item, "callspec", None)
            program = callspec.params.get("program") if callspec is not None else None
            if isinstance(program, Program) and not program.lacks:
                futures[program] = executor.submit(told, program)
        yield futures
        for future in futures.values():
            future.cancel()


def result(results: dict[Program, Future[Told]], program: Program) -> Told:
    if program.lacks:
        pytest.skip(f"{program.lacks} is not installed here")
    return results[program].result()


@pytest.mark.parametrize("program", programs("hung"))
def test_a_hung_tree_is_told_with_its_process_and_line(
    results: dict[Program, Future[Told]], program: Program
) -> None:
    found = result(results, program)
    assert found.trees
    assert not found.wrong, found.sentences[-1]


@pytest.mark.parametrize("program", programs("living"))
def test_a_living_tree_is_never_called_dead(
    results: dict[Program, Future[Told]], program: Program
) -> None:
    found = result(results, program)
    assert not [tree for tree in found.trees if tree.verdict.kind in DEAD], found.sentences


def test_who_has_yet_to_read_a_message_is_not_said_to_have_the_lock() -> None:
    from startlab.agent.attach import outside  # on Linux alone
    from startlab.agent.proof import procfs
    from startlab.agent.proof.facts import Obstacle

    futex = {"x86_64": 202, "aarch64": 98}[platform.machine()]
    line = b"%d 0x1000 0x189 0x0 0x0 0x0 0xffffffff 0x7ffc 0x7f00" % futex
    thread = procfs.thread(os.getpid(), os.getpid(), line)
    naming = outside.Naming(frozenset())
    beside = os.getppid()
    assert naming.of(thread, None, [Obstacle("descriptor under way", beside)]) == []
    (found,) = naming.of(thread, None, [Obstacle("lock of outsider", beside)])
    assert (found.kind, found.holders[0].pid) == ("lock", beside)

"""What the tests share: this host's interpreters, agents on them, programs, and values by hand."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
import textwrap
import time
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import hypothesis
import psutil
import pytest

from startlab.backends import interpreters
from startlab.backends.conversation import BOOT, Conversation, command
from startlab.backends.pipes import CONTENT, Pipes
from startlab.model import Environment, Expectation, Experiment, Observation, Request
from startlab.plan import environments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The same cases every time; `STARTLAB_FUZZ_CASES=1000` looks for others. A busy machine is no bug.
hypothesis.settings.register_profile("same", derandomize=True, deadline=None)
hypothesis.settings.register_profile("others", deadline=None)
hypothesis.settings.load_profile("others" if "STARTLAB_FUZZ_CASES" in os.environ else "same")

# Where the tests run is not what their programs are to run in.
for activated in ("VIRTUAL_ENV", "CONDA_PREFIX"):
    os.environ.pop(activated, None)
# A script's shell starts what is to run in the background with these ignored, and then so do all
# processes below: those of tests are to end by them.
signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.platform != "win32":
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where the kernel shows POSIX shared memory


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what would show the same whichever Python runs the tests: tox runs it once."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "interpreter" in fixtures or item.get_closest_marker("docker"):
            item.add_marker("targets")


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Have `-n auto` run two tests for each core: what they start waits most of the time."""
    return 2 * (os.cpu_count() or 1) if config.option.numprocesses == "auto" else None


# Their fixtures run many programs at once, for all tests of the file: each worker would run them.
WHOLE_FILES = (
    "tests/agent/proof/test_proof.py",
    "tests/attach/test_attach.py",
    "tests/backends/test_attach.py",
    "tests/cli/test_experiments.py",
    "tests/report/test_browser.py",
)


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Have `--dist loadscope` deal out test by test, but for some files."""
    if config.option.dist != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    class ByFixture(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if file in WHOLE_FILES else nodeid

    return ByFixture(config, log)


@cache
def here() -> list[Environment]:
    """Find the interpreters of this host, the oldest first."""
    return sorted(interpreters.find(), key=lambda each: environments.sort_key(each.name))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for an `interpreter` on every one of this host, with a `method` that it has.

    The oldest, the oldest 3 and the newest take every method, the others one each, in turn: another
    one for the next test, so that all tests together have them all. All but the oldest, the newest
    and one of these others are `wide`: again another one for the next test.
    """
    if "interpreter" not in metafunc.fixturenames:
        return
    every = here()
    turn = zlib.crc32(metafunc.function.__name__.encode())
    edges = (every[0], *[each for each in every if not each.python.startswith("2")][:1], every[-1])
    between = every[1:-1]
    narrow = (every[0], every[-1], *between[turn % max(len(between), 1) :][:1])
    wide = {each: () if each in narrow else pytest.mark.wide for each in every}
    if "method" not in metafunc.fixturenames:
        params = [pytest.param(each, marks=wide[each], id=each.name) for each in every]
        metafunc.parametrize("interpreter", params)
        return
    pairs = [
        pytest.param(each, method, marks=wide[each], id=f"{each.name}-{method}")
        for at, each in enumerate(every)
        for number, method in enumerate(each.methods)
        if each in edges or number == (turn + at) % len(each.methods)
    ]
    metafunc.parametrize(("interpreter", "method"), pairs)


# --- values by hand ----------------------------------------------------------------------------


@pytest.fixture
def environment() -> Environment:
    return Environment(
        name="host-3.13",
        backend="native",
        python="3.13.0",
        implementation="cpython",
        executable="/usr/bin/python3.13",
        sys_platform="linux",
        os_name="posix",
        platform_system="Linux",
        platform_release="6.1.0",
        platform_version="#1 SMP",
        machine="x86_64",
        libc="glibc 2.36",
        methods=("fork", "forkserver", "spawn"),
        default_method="fork",
        cores=4,
    )


@pytest.fixture
def experiment() -> Experiment:
    return Experiment(
        name="example",
        group="locks",
        title="An example",
        claim="It works.",
        mechanism="It is simple.",
        source=("https://example.org",),
        program="example/program.py",
        expect=(Expectation(outcome=("ok",)),),
    )


# --- programs ----------------------------------------------------------------------------------


class Write(Protocol):
    def __call__(self, text: str, name: str = ...) -> Path: ...


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a program into a folder of its own."""

    def write(text: str, name: str = "program.py") -> Path:
        path = tmp_path / "program" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), "utf-8")
        return path

    return write


# --- agents ------------------------------------------------------------------------------------


class StartAgent(Protocol):
    def __call__(self, python: str = ..., before: str = ...) -> Conversation: ...


@pytest.fixture
def start_agent() -> Iterator[StartAgent]:
    """Start agents; `before` is run in one before it serves."""
    started = []

    def start(python: str = sys.executable, before: str = "pass") -> Conversation:
        boot, serve = BOOT.split("from agent.main")
        code = f"{boot}\n{before}\nfrom agent.main{serve}"
        argv = [python, "-I", "-c", code, str(CONTENT), ""]
        stream = Pipes(argv)
        started.append(stream)
        return Conversation(stream, str(CONTENT))

    yield start
    for stream in started:
        stream.close()


@pytest.fixture(scope="module")
def agent() -> Iterator[Conversation]:
    """One agent for the trials of a module; afterwards nothing of them may be left."""
    before = shared_memory()
    stream = Pipes(command(sys.executable, str(CONTENT), None))
    conversation = Conversation(stream, str(CONTENT))
    scratch = scratch_of(conversation)
    yield conversation
    assert [each.name for each in scratch.iterdir()] == ["inject"]
    assert processes_of(scratch) == []
    stream.close()
    assert not scratch.exists()
    if "PYTEST_XDIST_WORKER" not in os.environ:  # where it may be another worker's
        eventually(lambda: not shared_memory() - before)


class RunProgram(Protocol):
    def __call__(
        self, program: str | Path, *args: str, python: str = ..., **said: object
    ) -> Observation: ...


@pytest.fixture
def run(agent: Conversation, write: Write) -> RunProgram:
    """Run a program, given as a text or a file, as a trial."""

    def run(
        program: str | Path, *args: str, python: str = sys.executable, **said: object
    ) -> Observation:
        path = write(program) if isinstance(program, str) else program
        return agent.run(request(python, str(path), *args, **said))

    return run


class Bell:
    """How a program of a test tells it that it has come to a certain line."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        host, port = server.getsockname()
        self.ring = f"import socket; socket.create_connection(({host!r}, {port})).close()"

    def wait(self) -> None:
        """Wait until it has rung."""
        self._server.accept()[0].close()


@pytest.fixture
def bell() -> Iterator[Bell]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(300)
        yield Bell(server)


@pytest.fixture(name="request_of")
def request_of_() -> Callable[..., Request]:
    return request


@pytest.fixture(name="processes_of")
def processes_of_() -> Callable[[object], list[str]]:
    return processes_of


@pytest.fixture(name="eventually")
def eventually_() -> Callable[..., None]:
    return eventually


@pytest.fixture(name="scratch_of")
def scratch_of_() -> Callable[[Conversation], Path]:
    return scratch_of


def scratch_of(agent: Conversation) -> Path:
    """Find the folder that an agent has its trials in."""
    pid = agent._stream._process.pid  # type: ignore[attr-defined]
    # Where TMPDIR is too long for the path of a socket, as that of macOS is, it is in /tmp.
    parents = {Path(tempfile.gettempdir()), Path("/tmp")}  # noqa: S108 - looked at
    (scratch,) = (each for parent in parents for each in parent.glob(f"startlab-{pid}-*"))
    return scratch


def request(*argv: str, **said: object) -> Request:
    options = {"method": None, "timeout_s": 60.0} | said
    return Request(argv=argv, **options)  # type: ignore[arg-type]


def processes_of(folder: object) -> list[str]:
    """List the processes that have a folder in their environment: an agent's, or a trial's."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and any(
                str(folder) in value for value in process.environ().values()
            ):
                found.append(f"{process.pid} {process.cmdline()}")
        except psutil.Error:
            continue
    return [each for each in found if not each.startswith(f"{os.getpid()} ")]


def shared_memory() -> set[str]:
    if not SHARED_MEMORY.is_dir():
        return set()
    return {each.name for each in SHARED_MEMORY.iterdir() if each.name.startswith("sem.mp-")}


def eventually(condition: Callable[[], object], within_s: float = 120) -> None:
    """Wait until something holds; others may use this machine too."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.02)

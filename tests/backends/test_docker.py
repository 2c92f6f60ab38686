# ruff: noqa: ARG001, S108, S607 - fixtures that are needed and not used; paths in containers;
# dockerd from PATH
"""Containers: the agent's stream, what a program in one may do, and what is left of them."""

from __future__ import annotations

import gc
import io
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from docker.errors import APIError, NotFound

import startlab
from docker import APIClient, DockerClient
from startlab.backends import leftovers
from startlab.backends.docker import engine
from startlab.backends.docker.backend import DockerBackend
from startlab.backends.docker.containers import Content, Limits, _packed
from startlab.backends.docker.engine import clean, connect
from startlab.backends.docker.exec_stream import ExecStream
from startlab.backends.docker.images import BuildOptions, Image
from startlab.errors import AgentError, EngineError, SelectionError, StalledError
from startlab.model import Environment, Request, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from startlab.backends.conversation import Conversation

if sys.platform == "win32":
    pytest.skip("the engine, and its sockets, are those of a Unix here", allow_module_level=True)

PACKAGE = Path(startlab.__file__).parent
CONTENT = Content.of({"agent": PACKAGE / "agent", "catalogue": PACKAGE / "catalogue"})

# --- without an engine -------------------------------------------------------------------------


def frame(stream: int, data: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(data)) + data


@contextmanager
def fake_engine(folder: Path, output: bytes) -> Iterator[APIClient]:
    """Play an engine that sends the first output together with the header of its answer."""
    path = str(folder / "engine.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def converse(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as asked:
            while request := asked.readline():
                length = 0
                while (line := asked.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                asked.read(length)  # all of it: who hangs up on unread bytes resets the connection
                if b"/start" in request:
                    header = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
                    connection.sendall(header + output)
                    return
                said = b'{"Id": "e", "Running": false, "ExitCode": 7, "State": {}}'
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said)
                )

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=converse, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    client = APIClient(base_url=f"unix://{path}", version="1.41")
    try:
        yield client
    finally:
        client.close()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_frames_that_come_with_the_header_are_not_lost(short: Path) -> None:
    output = (
        frame(1, b"hel") + frame(2, b"oops") + frame(1, b"lo\nsecond ") + frame(1, b"line\n\nhalf")
    )
    with fake_engine(short, output) as api:
        stream = ExecStream(api, "c", ["x"])
        assert stream.read_line() == b"hello\n"
        assert stream.read_line() == b"second line\n"
        assert stream.read_line() == b"\n"
        assert stream.stderr_tail() == "oops"
        with pytest.raises(OSError, match="it ended with exit status 7"):
            stream.read_line()
        stream.close()
        assert stream.read_line() == b""


def test_a_line_without_end_is_refused(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExecStream, "LINE_LIMIT", 1000)
    with fake_engine(short, frame(1, b"x" * 600) * 2) as api:
        stream = ExecStream(api, "c", ["x"])
        with pytest.raises(OSError, match="a line of more than 1000 bytes"):
            stream.read_line()
        stream.close()


def test_what_goes_to_stderr_is_bounded(short: Path) -> None:
    output = frame(2, b"first\n" + b"x" * 5000) + frame(2, b"last") + frame(1, b"\n")
    with fake_engine(short, output) as api:
        stream = ExecStream(api, "c", ["x"])
        stream.read_line()
        assert len(stream.stderr_tail()) == 4000
        assert stream.stderr_tail().endswith("xlast")
        stream.close()


def test_content_is_named_by_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "__pycache__").mkdir(parents=True)
    (tmp_path / "a" / "one.py").write_text("1")
    (tmp_path / "a" / "__pycache__" / "one.pyc").write_text("no")
    (tmp_path / "tool").write_text("#!")
    (tmp_path / "tool").chmod(0o755)
    content = Content.of({"agent": tmp_path / "a", "bin/tool": tmp_path / "tool"})
    assert content.files == (("agent/one.py", b"1", False), ("bin/tool", b"#!", True))
    os.utime(tmp_path / "a" / "one.py", (1, 1))
    assert Content.of({"agent": tmp_path / "a", "bin/tool": tmp_path / "tool"}) == content
    (tmp_path / "a" / "one.py").write_text("2")
    assert Content.of({"agent": tmp_path / "a"}).digest != content.digest
    with tarfile.open(fileobj=io.BytesIO(_packed(content.files))) as tar:
        assert [(m.name, oct(m.mode)) for m in tar] == [
            ("agent", "0o755"),
            ("agent/one.py", "0o644"),
            ("bin", "0o755"),
            ("bin/tool", "0o755"),
        ]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_engine_is_reported(monkeypatch: pytest.MonkeyPatch, short: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{short}/none.sock")
    with pytest.raises(EngineError, match=r"No Docker engine answers at .*none.sock.*Start it"):
        connect()
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(EngineError, match=r"No Docker engine answers at tcp://127\.0\.0\.1:1"):
        connect()
    monkeypatch.setenv("DOCKER_HOST", "nonsense://")
    with pytest.raises(EngineError, match="`docker version` should work first"):
        connect()
    gc.collect()  # the SDK leaves the sockets of failed calls to the collector


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_a_refused_socket_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/tmp/startlab-test-{os.getpid()}.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        Path(path).chmod(0o600)
        listener.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        monkeypatch.setenv("HOME", "/")  # whose Docker settings may not be read as another user
        os.seteuid(65534)
        try:
            with pytest.raises(EngineError, match=r"permission denied. Join the group docker"):
                connect()
        finally:
            os.seteuid(0)
            Path(path).unlink()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_engine_that_says_nothing_is_reported(
    monkeypatch: pytest.MonkeyPatch, short: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(short / "silent.sock"))
        listener.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{short}/silent.sock")
        with pytest.raises(EngineError, match="does not answer in time"):
            connect(timeout_s=1)
    gc.collect()  # the SDK leaves the sockets of failed calls to the collector


def test_an_owner_is_reported_from_a_later_process_with_its_pid() -> None:
    mine = engine.owner()
    host, pid, started = mine.rsplit(":", 2)
    assert not engine.orphaned(mine)
    later = f"t{int(started[1:]) + 100}" if started.startswith("t") else f"{int(started) - 100}"
    assert engine.orphaned(f"{host}:{pid}:{later}")
    assert not engine.orphaned(f"elsewhere:{pid}:{started}")
    assert engine.orphaned("")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert engine.orphaned(f"{host}:{gone.pid}:{started}")


# --- with one ----------------------------------------------------------------------------------


@pytest.fixture
def make(engine: DockerClient, debian_image: Image) -> Iterator[Callable[..., DockerBackend]]:
    """Make backends that are closed at the end, and leave nothing."""
    made: list[DockerBackend] = []

    def backend(**options: Any) -> DockerBackend:
        given: dict[str, Any] = {
            "content": CONTENT,
            "say": print,
            "options": BuildOptions(bases="debian"),
        }
        made.append(DockerBackend(**given | options))
        return made[-1]

    yield backend
    for each in made:
        each.close()
    assert not own_containers(engine)


def own_containers(client: DockerClient) -> list[str]:
    found = client.api.containers(all=True, filters={"label": f"startlab.owner={engine.owner()}"})
    return [each["Names"][0].lstrip("/") for each in found]


def ready(backend: DockerBackend, name: str = "linux-3.11") -> Environment:
    (environment,) = backend.environments([name])
    assert isinstance(environment, Environment), environment
    return environment


def run_python(agent: Conversation, environment: Environment, source: str) -> str:
    """Run a program, and give its stdout; it must not fail."""
    request = Request(
        argv=(environment.executable, "-c", textwrap.dedent(source)), method=None, timeout_s=60
    )
    seen = agent.run(request)
    assert (seen.ended, seen.exit_status) == ("exit", 0), seen.stderr.text()
    return seen.stdout.text()


@pytest.mark.docker
def test_an_environment_tells_what_it_is(
    make: Callable[..., DockerBackend], debian_image: Image
) -> None:
    environment = ready(make())
    assert environment.name == "linux-3.11"
    assert environment.backend == "docker"
    assert environment.python.startswith("3.11.")
    assert environment.libc.startswith("glibc 2.36")
    assert environment.default_method == "fork"
    assert {"ctypes", "libgomp.so.1"} <= set(environment.libraries)
    assert environment.image == debian_image.id
    assert environment.executable == "/usr/bin/python3.11"


@pytest.mark.docker
def test_a_selector_that_matches_nothing_is_reported(make: Callable[..., DockerBackend]) -> None:
    with pytest.raises(SelectionError, match=r"linux-1.5 matches no environment.*linux-2.7"):
        list(make().environments(["linux-1.5"]))
    backend = make()
    assert backend.names(["3.13"]) == ["linux-3.13"]
    assert backend.names([">=3.14"]) == ["linux-3.14", "linux-3.15"]
    assert backend.names(["linux-musl-3.1[45]"]) == ["linux-musl-3.14", "linux-musl-3.15"]
    assert backend.names(["linux-3.12", "linux-2*"]) == ["linux-3.12", "linux-2.7"]
    # Those under Wine must be named: each is 1 GB.
    assert backend.names(["wine-3.12", "wine-3.9*"]) == ["wine-3.12", "wine-3.9"]
    assert not [name for name in backend.names(["*", ">=3.9", "3.12"]) if name[:4] == "wine"]


@pytest.mark.docker
def test_a_trial_runs(make: Callable[..., DockerBackend]) -> None:
    backend = make()
    environment = ready(backend)
    agent = backend.agent(environment)
    program = f"{agent.content}/catalogue/countdown/program.py"
    seen = agent.run(Request(argv=(environment.executable, program), method="spawn", timeout_s=60))
    assert (seen.ended, seen.exit_status) == ("exit", 0), seen.stderr.text()
    assert {start.method for start in seen.starts} == {"spawn"}
    agent.close()


INSIDE = """
import errno, json, os, resource, socket

def refused(do):
    try:
        do()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"

status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({
    "uid": status["Uid"].split(),
    "gid": status["Gid"].split(),
    "groups": os.getgroups(),
    "caps": [status[name].strip() for name in ("CapEff", "CapPrm", "CapBnd", "CapInh")],
    "new": status["NoNewPrivs"].strip(),
    "seccomp": status["Seccomp"].strip(),
    "interfaces": [name for _, name in socket.if_nameindex()],
    "connect": refused(lambda: socket.create_connection(("192.0.2.1", 80), 5)),
    "root": refused(lambda: open("/x", "w")),
    "etc": refused(lambda: open("/etc/x", "w")),
    "content": refused(lambda: open("/startlab/x", "w")),
    "usr": refused(lambda: os.chmod("/usr", 0o777)),
    "tmp": refused(lambda: open("/tmp/x", "w")),
    "mount": refused(lambda: os.mkdir("/proc/x")),
    "kill_init": refused(lambda: os.kill(1, 9)),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "files": resource.getrlimit(resource.RLIMIT_NOFILE),
    "writable": sorted(
        line.split()[1] for line in open("/proc/self/mounts")
        if line.split()[3].split(",")[0] == "rw" and os.access(line.split()[1], os.W_OK)
        and os.path.isdir(line.split()[1])  # what is masked is /dev/null
    ),
    "init": open("/proc/1/cmdline").read().split(chr(0))[0],
}))
"""


CAP_SYS_PTRACE = 19


@pytest.mark.docker
def test_a_program_is_locked_in(make: Callable[..., DockerBackend], engine: DockerClient) -> None:
    backend = make()
    environment = ready(backend)
    agent = backend.agent(environment)
    seen = json.loads(run_python(agent, environment, INSIDE))
    assert seen["uid"] == ["1000"] * 4
    assert seen["gid"] == ["1000"] * 4
    assert set(seen["groups"]) <= {1000}
    # No program can gain the one that it might: it is there for what Docker lets through with it.
    assert seen["caps"] == ["0" * 16, "0" * 16, f"{1 << CAP_SYS_PTRACE:016x}", "0" * 16]
    assert seen["new"] == "1"
    assert seen["seccomp"] == "2"
    assert seen["interfaces"] == ["lo"]
    assert seen["connect"] == "ENETUNREACH"
    assert seen["root"] == seen["etc"] == seen["content"] == "EROFS"
    assert seen["usr"] in {"EROFS", "EPERM"}
    assert seen["tmp"] == "done"
    assert seen["mount"] != "done"
    assert seen["core"] == [0, 0]
    assert seen["files"][1] == 4096  # up to there a process may go: an image's Python 3.14 does
    assert {"/tmp", "/dev/shm"} <= set(seen["writable"])
    assert set(seen["writable"]) <= {"/tmp", "/dev/shm", "/dev/mqueue", "/proc", "/dev"}
    assert "init" in seen["init"]
    agent.close()
    (name,) = own_containers(engine)
    config = engine.api.inspect_container(name)["HostConfig"]
    assert (config["PidsLimit"], config["Memory"]) == (1024, 4 << 30)
    assert config["NanoCpus"] == engine.info()["NCPU"] * 10**9
    assert config["Binds"] is None
    assert [mount["Type"] for mount in config["Mounts"]] == ["volume"]


@pytest.mark.docker
def test_five_hundred_children_fit_and_a_fork_bomb_does_not(
    make: Callable[..., DockerBackend],
) -> None:
    backend = make()
    environment = ready(backend)
    agent = backend.agent(environment)
    source = """
    import os, signal
    children = []
    try:
        while len(children) < 3000:
            pid = os.fork()
            if not pid:
                signal.pause()
            children.append(pid)
    except OSError as error:
        print(type(error).__name__)
    print(500 < len(children) < 1024)
    for pid in children:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    """
    assert run_python(agent, environment, source) == "BlockingIOError\nTrue\n"
    agent.close()


@pytest.mark.docker
def test_memory_and_files_are_bounded(make: Callable[..., DockerBackend]) -> None:
    backend = make(limits=Limits(memory=100 << 20, tmp=4 << 20, shared_memory=1 << 20))
    environment = ready(backend)
    agent = backend.agent(environment)
    source = """
    import errno, os
    for path in ("/tmp/big", "/dev/shm/big"):
        try:
            with open(path, "wb", buffering=0) as file:
                for _ in range(6):
                    file.write(b"x" * (1 << 20))
        except OSError as error:
            print(errno.errorcode[error.errno])
        os.remove(path)  # with less than 1 MiB no trial is run
    """
    assert run_python(agent, environment, source) == "ENOSPC\nENOSPC\n"
    hog = "kept = [b'x' * (1 << 20) for _ in range(400)]"
    seen = agent.run(Request(argv=(environment.executable, "-c", hog), method=None, timeout_s=60))
    assert seen.exit_status == -signal.SIGKILL
    agent.close()


@pytest.mark.docker
def test_a_program_may_run_what_it_writes(make: Callable[..., DockerBackend]) -> None:
    backend = make()
    environment = ready(backend)
    agent = backend.agent(environment)
    source = """
    import ctypes, os, subprocess
    with open("script", "w") as file:
        file.write("#!/bin/sh\\necho ran\\n")
    os.chmod("script", 0o755)
    subprocess.run(["./script"], check=True)
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x + 1)
    print(callback(1), flush=True)
    """
    assert sorted(run_python(agent, environment, source).split()) == ["2", "ran"]
    agent.close()


@pytest.mark.docker
def test_the_injection_is_compiled_once(make: Callable[..., DockerBackend]) -> None:
    """The content is read-only, and compiling it anew would cost every interpreter 8 ms."""
    backend = make()
    environment = ready(backend)
    agent = backend.agent(environment)
    source = """
    import multiprocessing.context, os, sys
    for name in ("startlab_inject", "startlab_inside"):
        print(os.path.exists(sys.modules[name].__cached__))
    """
    assert run_python(agent, environment, source).split() == ["True", "True"]
    agent.close()


# --- an agent's stream -------------------------------------------------------------------------

ECHO = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "exit" in asked:
        print("going", file=sys.stderr, flush=True)
        sys.exit(asked["exit"])
    print(json.dumps({"echo": asked["text"] * asked.get("times", 1)}), flush=True)
"""


@pytest.fixture
def echo(
    make: Callable[..., DockerBackend], engine: DockerClient, debian_image: Image
) -> Iterator[ExecStream]:
    backend = make()
    ready(backend)
    (name,) = own_containers(engine)
    stream = ExecStream(engine.api, name, [debian_image.agent, "-c", ECHO])
    yield stream
    stream.close()


def ask(stream: ExecStream, **asked: object) -> Any:
    stream.write(json.dumps(asked).encode() + b"\n")
    return json.loads(stream.read_line())


@pytest.mark.docker
def test_lines_go_out_and_in(echo: ExecStream) -> None:
    assert ask(echo, text="ü\n") == {"echo": "ü\n"}
    big = ask(echo, text="0123456789", times=2_000_000)
    assert big == {"echo": "0123456789" * 2_000_000}
    assert ask(echo, text="x" * 3_000_000)["echo"] == "x" * 3_000_000
    times = []
    for number in range(50):
        started = time.perf_counter()
        assert ask(echo, text=str(number)) == {"echo": str(number)}
        times.append(time.perf_counter() - started)
    assert sorted(times)[25] < 0.02


@pytest.mark.docker
def test_an_agent_that_ends_is_reported(echo: ExecStream) -> None:
    echo.write(b'{"exit": 3}\n')
    with pytest.raises(OSError, match="it ended with exit status 3"):
        echo.read_line()
    assert echo.stderr_tail() == "going\n"


@pytest.mark.docker
def test_closing_ends_the_agent(echo: ExecStream, engine: DockerClient) -> None:
    assert ask(echo, text="x")
    assert engine.api.exec_inspect(echo._execution)["Running"]
    echo.close()
    seen = engine.api.exec_inspect(echo._execution)
    assert (seen["Running"], seen["ExitCode"]) == (False, 0)


@pytest.mark.docker
def test_an_agent_that_its_program_stops_is_ended_and_its_neighbour_is_not(
    make: Callable[..., DockerBackend],
) -> None:
    backend = make()
    environment = ready(backend)
    stopped, other = backend.agent(environment), backend.agent(environment)
    source = "import os, signal, time; os.kill(os.getppid(), signal.SIGSTOP); time.sleep(600)"
    argv = (environment.executable, "-c", source)
    with pytest.raises(StalledError, match="no answer"):
        stopped.run(Request(argv=argv, method=None, timeout_s=1.0))
    stopped.close()
    processes = "import glob; print([open(p).read() for p in glob.glob('/proc/[0-9]*/cmdline')])"
    assert "SIGSTOP" not in run_python(other, environment, processes)
    other.close()


@pytest.mark.docker
def test_a_program_cannot_open_the_streams_of_its_agent(make: Callable[..., DockerBackend]) -> None:
    backend = make()
    environment = ready(backend)
    agent = backend.agent(environment)
    source = """
    import os
    for number in range(1100):
        try:
            print(os.open("/proc/%d/fd/%d" % (os.getppid(), number), os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            pass
    """
    assert run_python(agent, environment, source) == ""
    agent.close()


@pytest.mark.docker
def test_a_program_that_kills_everything_loses_the_agent_but_not_the_environment(
    make: Callable[..., DockerBackend],
) -> None:
    backend = make()
    environment = ready(backend)
    agent = backend.agent(environment)
    with pytest.raises(AgentError, match="lost"):
        run_python(agent, environment, "import os; os.kill(-1, 9)")
    agent.close()
    again = backend.agent(environment)
    assert run_python(again, environment, "print(1)") == "1\n"
    again.close()


# --- containers come and go --------------------------------------------------------------------


@pytest.mark.docker
def test_a_pooled_container_is_shared_and_a_fresh_one_is_not(
    make: Callable[..., DockerBackend], engine: DockerClient
) -> None:
    backend = make()
    environment = ready(backend)
    agents = [backend.agent(environment) for _ in range(2)]
    assert len(own_containers(engine)) == 1
    for agent in agents:
        agent.close()
    backend.close()
    backend = make(isolation="fresh")
    environment = ready(backend)
    before = own_containers(engine)
    agents = [backend.agent(environment) for _ in range(2)]
    assert len(own_containers(engine)) == len(before) + 2
    run_python(agents[0], environment, "open('/tmp/here', 'w')")
    seen = run_python(agents[1], environment, "import os; print(os.path.exists('/tmp/here'))")
    assert seen == "False\n"
    for agent in agents:
        agent.close()
    assert own_containers(engine) == before


@pytest.mark.docker
def test_kept_containers_stay_and_can_be_entered(
    make: Callable[..., DockerBackend], engine: DockerClient
) -> None:
    backend = make(keep=True)
    ready(backend)
    backend.close()
    (name,) = own_containers(engine)
    try:
        backend = make(keep=True)
        ready(backend)
        entered = backend.kept()["linux-3.11"].split()
        assert entered[:3] == ["docker", "exec", "-it"]
        out = engine.containers.get(entered[3]).exec_run([entered[4], "-c", "id -u"])
        assert out.output == b"1000\n"
    finally:
        for name in own_containers(engine):
            engine.api.remove_container(name, force=True)


RUN_AND_WAIT = """
import sys
from startlab.backends.docker.images import BuildOptions
from startlab.backends.docker.containers import Content
from startlab.backends.docker.backend import DockerBackend
from pathlib import Path
import startlab
package = Path(startlab.__file__).parent
content = Content.of({"agent": package / "agent", "catalogue": package / "catalogue"})
backend = DockerBackend(content=content, say=print, options=BuildOptions(bases="debian"), keep=KEEP)
for environment in backend.environments(["linux-3.11"]):
    agent = backend.agent(environment)
print(backend._pool["linux-3.11"].name, flush=True)
sys.stdin.read()
"""


@contextmanager
def another_run(*, keep: bool) -> Iterator[tuple[subprocess.Popen[str], str]]:
    source = RUN_AND_WAIT.replace("KEEP", str(keep))
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    with subprocess.Popen(
        [sys.executable, "-c", source],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.mark.docker
def test_a_run_that_is_killed_leaves_no_container(
    debian_image: Image, engine: DockerClient
) -> None:
    with another_run(keep=False) as (process, name):
        assert engine.containers.get(name).status == "running"
        process.kill()
        with suppress(APIError):  # gone before we asked
            engine.api.wait(name, timeout=60, condition="removed")
        with pytest.raises(NotFound):
            engine.containers.get(name)


@pytest.mark.docker
def test_clean_removes_what_ended_runs_left_and_nothing_else(
    make: Callable[..., DockerBackend], engine: DockerClient
) -> None:
    backend = make()
    environment = ready(backend)
    agent = backend.agent(environment)
    volume = engine.api.create_volume("startlab-content-test", labels={"startlab": "content"})
    foreign = engine.api.create_volume("startlab-content-foreign")
    try:
        with another_run(keep=True) as (process, name):
            removed = clean(engine)
            assert f"container {name}" not in removed
            assert f"volume {volume['Name']}" in removed
            process.kill()
            process.wait()
            assert engine.containers.get(name).status == "running"
            assert f"container {name}" in clean(engine)
        with pytest.raises(NotFound):
            engine.containers.get(name)
        assert engine.api.inspect_volume(foreign["Name"])
        assert run_python(agent, environment, "print(1)") == "1\n"
        agent.close()
    finally:
        engine.api.remove_volume(foreign["Name"])


@pytest.mark.docker
def test_cleaning_the_host_leaves_the_programs_of_containers_alone(
    make: Callable[..., DockerBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent's pid in the folder's name is the container's; on the host there may be none."""
    monkeypatch.setattr(leftovers, "_agent_lives", lambda _, folder: folder.exists())
    backend = make()
    environment = ready(backend)
    agent = backend.agent(environment)
    mark = f"it-{time.time_ns()}"
    argv = (environment.executable, "-c", f"while True: pass  # {mark}")
    with ThreadPoolExecutor(1) as pool:
        trial = pool.submit(agent.run, Request(argv=argv, method=None, timeout_s=60))
        while not any(
            mark in " ".join(p.info["cmdline"] or ())
            for p in psutil.process_iter(["cmdline"])
            if "STARTLAB_EVENTS" in _environ(p)
        ):
            assert not trial.done()
        assert not [each for each in leftovers.clean() if mark in each]
        assert not trial.done()
        agent.stop()
        assert trial.result().ended == "stopped"
    agent.close()


def _environ(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}


# --- the volume --------------------------------------------------------------------------------


def other_content(number: int) -> Content:
    """Give content that no other run has, so that its volume is new."""
    extra = ("extra/file", f"{number} {time.time_ns()}".encode(), False)
    return Content(files=tuple(sorted([*CONTENT.files, extra])))


def remove_volume(engine: DockerClient, name: str) -> None:
    """Remove a volume that no container uses: a `startlab clean` beside may have, too."""
    with suppress(NotFound):
        engine.api.remove_volume(name)


@pytest.mark.docker
def test_the_volume_holds_the_content(
    make: Callable[..., DockerBackend], engine: DockerClient
) -> None:
    content = other_content(1)
    backend = make(content=content)
    environment = ready(backend)
    agent = backend.agent(environment)
    source = """
    import hashlib, os
    for folder, _, files in sorted(os.walk("/startlab")):
        for file in sorted(files):
            path = os.path.join(folder, file)
            print(os.path.relpath(path, "/startlab"), hashlib.sha256(open(path, "rb").read()).hexdigest())
    """  # noqa: E501 - a program's line
    import hashlib

    expected = {name: hashlib.sha256(data).hexdigest() for name, data, _ in content.files}
    expected["complete"] = hashlib.sha256(b"").hexdigest()
    seen = dict(line.split() for line in run_python(agent, environment, source).splitlines())
    assert seen == expected
    name = f"startlab-content-{content.digest}"
    assert engine.api.inspect_volume(name)["Labels"] == {"startlab": "content"}
    agent.close()
    backend.close()
    remove_volume(engine, name)


@pytest.mark.docker
def test_a_volume_that_was_left_in_the_middle_is_filled_again(
    make: Callable[..., DockerBackend], engine: DockerClient, debian_image: Image
) -> None:
    content = other_content(2)
    volume = f"startlab-content-{content.digest}"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    # As a run leaves it that was killed while it filled: half of the files, and the lock.
    filler = engine.api.create_container(
        debian_image.id,
        ["cat"],
        name=f"startlab-fill-{content.digest}",
        labels={
            "startlab": "container",
            "startlab.owner": f"{socket.gethostname()}:{gone.pid}:1",
        },
        host_config=engine.api.create_host_config(binds=[f"{volume}:/startlab"]),
    )["Id"]
    engine.api.put_archive(filler, "/startlab", _packed(content.files[:3]))
    backend = make(content=content)
    environment = ready(backend)
    agent = backend.agent(environment)
    seen = run_python(agent, environment, "import os; print(os.path.exists('/startlab/complete'))")
    assert seen == "True\n"
    agent.close()
    backend.close()
    with pytest.raises(NotFound):
        engine.api.inspect_container(filler)
    remove_volume(engine, volume)


@pytest.mark.docker
def test_two_runs_fill_one_volume_at_the_same_time(
    make: Callable[..., DockerBackend], engine: DockerClient
) -> None:
    content = other_content(3)
    backends = [make(content=content) for _ in range(3)]
    seen: list[object] = []

    def run(backend: DockerBackend) -> None:
        environment = ready(backend)
        agent = backend.agent(environment)
        seen.append(run_python(agent, environment, "print(1)"))
        agent.close()

    threads = [threading.Thread(target=run, args=(backend,)) for backend in backends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert seen == ["1\n"] * 3
    for backend in backends:
        backend.close()
    remove_volume(engine, f"startlab-content-{content.digest}")


# --- an engine that dies -----------------------------------------------------------------------


class SecondEngine:
    """An engine of our own, that may be killed.

    Its network is its own: without a bridge, dockerd removes docker0, which is the other engine's.
    """

    def __init__(self, folder: Path) -> None:
        self.host = f"unix://{folder}/docker.sock"
        self._folder = folder
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        folder = self._folder
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [
                    "unshare", "--net", "dockerd", "-H", self.host, "--data-root", f"{folder}/data",
                    "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/docker.pid",
                    "--iptables=false", "--bridge=none",
                ],
                stdout=log,
                stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            try:
                APIClient(base_url=self.host, version="auto", timeout=5).close()
            except Exception:  # noqa: BLE001 - not yet there
                time.sleep(0.05)
            else:
                return process
        process.kill()
        process.wait()
        raise EngineError((folder / "log").read_text()[-1000:])

    def stop(self) -> None:
        """End it, and what outlives it when it is killed: its containerd, shims and containers."""
        self.process.kill()
        self.process.wait()
        folder = str(self._folder)
        named = [
            process
            for process in psutil.process_iter(["cmdline"])
            if any(folder in argument for argument in process.info["cmdline"] or ())
        ]
        started = {each for top in named for each in (top, *top.children(recursive=True))}
        for process in started:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(started, 30)
        for mount in reversed(psutil.disk_partitions(all=True)):
            if mount.mountpoint.startswith(folder):
                subprocess.run(["umount", mount.mountpoint], check=False)
        shutil.rmtree(self._folder)


@pytest.fixture
def second_engine(
    engine: DockerClient, debian_image: Image, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SecondEngine]:
    if shutil.which("dockerd") is None or os.geteuid() != 0:
        pytest.skip("no dockerd to start another engine with")
    folder = Path(tempfile.mkdtemp(prefix="startlab-test-", dir="/var/tmp"))
    second = SecondEngine(folder)
    try:
        recipe = "startlab/debian-bookworm"
        bases = [tag for image in engine.images.list(recipe) for tag in image.tags]
        client = DockerClient(base_url=second.host, timeout=120)
        for name in (*bases, debian_image.tag):
            client.images.load(b"".join(engine.api.get_image(name)))
        client.close()
        monkeypatch.setenv("DOCKER_HOST", second.host)
        yield second
    finally:
        second.stop()
        gc.collect()  # the SDK leaves the sockets of failed calls to the collector


@pytest.mark.docker
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "how", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.wide)]
)
def test_an_engine_that_dies_during_a_trial_is_reported(
    second_engine: SecondEngine, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    monkeypatch.setattr(ExecStream, "SILENCE_S", 1.0)
    said: list[str] = []
    options = BuildOptions(bases="debian")
    backend = DockerBackend(content=CONTENT, say=said.append, options=options)
    environment = ready(backend)
    agent = backend.agent(environment)
    assert run_python(agent, environment, "print(1)") == "1\n"
    hurt = threading.Timer(0.5, second_engine.process.send_signal, [how])
    hurt.start()
    started = time.monotonic()
    with pytest.raises(AgentError, match="engine"):
        run_python(agent, environment, "import time; time.sleep(100)")
    took = time.monotonic() - started
    hurt.join()
    assert took < 60  # of the 100 s that it sleeps
    second_engine.process.kill()
    second_engine.process.wait()
    agent.close()
    with pytest.raises(AgentError, match="engine"):
        backend.agent(environment)
    rest = list(backend.environments(["linux-3.11", "linux-3.13"]))
    assert [each.name for each in rest] == ["linux-3.11", "linux-3.13"]
    for each in rest:
        assert isinstance(each, Unavailable)
        assert "lost" in each.reason or "answers" in each.reason
    backend.close()
    assert "startlab clean" in said[-1]


@pytest.mark.docker
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_clean_removes_images_when_asked(second_engine: SecondEngine, debian_image: Image) -> None:
    client = connect()
    with DockerBackend(content=CONTENT, say=print, options=BuildOptions(bases="debian")) as backend:
        ready(backend)
        removed = engine.clean(client, everything=True)
        assert f"image {debian_image.tag}" not in removed  # a living run is on it
    removed += engine.clean(client, everything=True)
    assert f"image {debian_image.tag}" in removed
    assert any(line.startswith("image startlab/debian-bookworm:") for line in removed)
    assert not client.images.list(all=True)
    assert not client.api.volumes()["Volumes"]
    assert engine.clean(client, everything=True) == []
    client.close()

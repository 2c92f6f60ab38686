"""Environments in containers: locked down, one per image or one per agent."""

from __future__ import annotations

import hashlib
import io
import socket
import struct
import tarfile
import tempfile
import threading
import time
import uuid
from collections.abc import Callable  # noqa: TC003 - of a field
from contextlib import closing, suppress
from typing import IO, TYPE_CHECKING, Any, Final, Literal, NamedTuple, Self

import msgspec
from docker.errors import APIError, NotFound
from docker.types import LogConfig, Mount, Ulimit

from startlab import environments
from startlab.backends.conversation import Conversation, command
from startlab.backends.dockerd import (
    CONFLICT,
    LABEL,
    LOST,
    OWNER,
    connect,
    explanation,
    in_words,
    orphaned,
    owner,
    remove_container,
)
from startlab.backends.images import BuildOptions, Image, Images
from startlab.errors import AgentError, EngineError, SelectionError
from startlab.model import Environment, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from docker import APIClient
    from startlab.model import BackendName
    from startlab.requirements import Requirements

CONTENT: Final = "/startlab"
"""The folder, inside a container, that holds `agent` and `catalogue`."""

PY_SPY: Final = "py-spy"
"""The name of that program in the content, where it is in it."""

PROGRAM: Final = "/program"
"""The folder, inside a container, that holds a user's `files` and `stdin`."""

COMPLETE: Final = "complete"
"""The file that is written last into a volume."""

FILL_S: Final = 60.0
"""How long another run may take to fill the volume; it takes a tenth of a second."""

USER: Final = "1000:1000"
"""Of agent and programs alike: /proc of a process of another uid *or gid* is closed."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a container may use, in bytes where it is memory; never more than the engine has."""

    memory: int = 4 << 30
    pids: int = 1024
    tmp: int = 1 << 30
    shared_memory: int = 1 << 30
    open_files: int = 1024
    open_files_hard: int = 4096


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The files that go into every container: path and data, and whether it is executable."""

    files: tuple[tuple[str, bytes, bool], ...]

    @staticmethod
    def of(folders: Mapping[str, Path]) -> Content:
        """Read folders or files of the host, each under a name of its own."""
        found = []
        for name, source in folders.items():
            for path in [source] if source.is_file() else sorted(source.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    inside = path.relative_to(source).as_posix()
                    executable = bool(path.stat().st_mode & 0o100)
                    where = name if inside == "." else f"{name}/{inside}"
                    found.append((where, path.read_bytes(), executable))
        return Content(files=tuple(sorted(found)))

    @property
    def digest(self) -> str:
        """Name the content by what is in it."""
        return hashlib.sha256(msgspec.json.encode(self.files)).hexdigest()[:16]


class DockerBackend:
    """Gives environments of the Docker engine; a context manager that leaves no container.

    `program` is the folder of a user's snapshot, which goes into the containers, read-only;
    `requirements` are what it needs, on top of each image. `say` gets a line for what takes time
    and for what was chosen. With `isolation` `fresh` every agent has a container of its own. With
    `keep` the containers stay; `kept` tells how to enter. Raises EngineError when no engine can be
    used.
    """

    name: BackendName = "docker"

    def __init__(
        self,
        *,
        content: Content,
        say: Callable[[str], None],
        options: BuildOptions | None = None,
        run_id: str = "",
        isolation: Literal["pooled", "fresh"] = "pooled",
        keep: bool = False,
        limits: Limits | None = None,
        program: Path | None = None,
        requirements: Requirements | None = None,
    ) -> None:
        self._client = connect()
        self.images = Images(self._client, options or BuildOptions(), say)
        self._made: dict[str, Image] = {}
        self._pool: dict[str, _Container] = {}
        self._own: list[_Container] = []
        self._lock = threading.Lock()
        self._say = say
        self._isolation = isolation
        has_py_spy = any(path == PY_SPY for path, _, _ in content.files)
        self._py_spy = f"{CONTENT}/{PY_SPY}" if has_py_spy else None
        volumes = [_Volume.of_content(content)]
        self._requirements = requirements
        self._program = ""
        if program is not None:
            volumes.append(_Volume.of_folder(program))
            self._program = PROGRAM
        with in_words("asking what it can do"):
            self._maker = _Maker(self._client.api, volumes, limits or Limits(), run_id, keep=keep)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def environments(self, wanted: Sequence[str]) -> Iterator[Environment | Unavailable]:
        """Give each environment that the selectors match, as soon as it is ready.

        Those whose image is there come first, so that their trials run while others are built.
        Once the engine is lost the rest is unavailable. Raises SelectionError for a selector that
        matches none, EngineError when the engine is lost before any was asked for.
        """
        left = self.names(wanted)
        to_build = []
        try:
            for name in list(left):
                image = self.images.existing(name)
                if image is None:
                    to_build.append(name)
                else:
                    yield self._ready(image)
                    left.remove(name)
            for name in to_build:
                made = self.images.make(name)
                yield made if isinstance(made, Unavailable) else self._ready(made)
                left.remove(name)
        except EngineError as error:
            for name in left:
                yield Unavailable(name=name, backend=self.name, reason=str(error))

    def agent(self, environment: Environment) -> Conversation:
        """Start an agent. Raises AgentError."""
        stream = self._open(environment)
        try:
            return Conversation(stream, CONTENT, self._program)
        except AgentError:
            stream.close()
            if self._isolation == "fresh":
                raise
        # The container that the last agent was lost with may just have been ending.
        self._discard(self._made[environment.name])
        stream = self._open(environment)
        try:
            return Conversation(stream, CONTENT, self._program)
        except AgentError:
            stream.close()
            raise

    def _open(self, environment: Environment) -> ExecStream:
        try:
            with in_words(f"starting an agent in {environment.name}"):
                return self._stream(self._made[environment.name])
        except (EngineError, APIError) as error:
            reason = explanation(error) if isinstance(error, APIError) else error
            raise AgentError(f"No agent could be started in {environment.name}: {reason}") from None

    def execute(self, environment: Environment, argv: Sequence[str]) -> ExecStream:
        """Run a command in the container that an environment's agents share. Raises AgentError."""
        try:
            with in_words(f"running {argv[0]} in {environment.name}"):
                container = self._pooled(self._made[environment.name])
                return ExecStream(self._client.api, container.id, list(argv))
        except (EngineError, APIError) as error:
            raise AgentError(str(error)) from None

    def ask(self, environment: Environment, script: str, *args: str) -> object:
        """Have an environment's Python run a script of the agent's folder. Raises AgentError."""
        argv = [environment.executable, f"{CONTENT}/agent/{script}", *args]
        stream = self.execute(environment, argv)
        try:
            said: object = msgspec.json.decode(stream.read_line())
        except (OSError, msgspec.DecodeError) as error:
            raise AgentError(
                f"{script} failed in {environment.name}: {error}\n{stream.stderr_tail().strip()}"
            ) from None
        finally:
            stream.close()
        return said

    def kept(self) -> Mapping[str, str]:
        """Tell for each environment the command that enters its container, if it is kept."""
        if not self._maker.keep:
            return {}
        folder = f" -w {PROGRAM}/files" if self._program else ""
        return {
            name: f"docker exec -it{folder} {each.name} sh" for name, each in self._pool.items()
        }

    def close(self) -> None:
        """Remove all containers, unless they are to be kept."""
        with self._lock:
            containers = [*self._pool.values(), *self._own]
            self._pool.clear()
            self._own.clear()
        try:
            if not self._maker.keep:
                for container in containers:
                    self._maker.remove(container)
                self._maker.remove_volumes()
        except LOST as error:
            self._say(
                f"The Docker engine is lost ({explanation(error)}): containers of this run may be "
                "left. Once it runs again, `startlab clean` removes them."
            )
        finally:
            for container in containers:
                if container.leash is not None:
                    _let_go(container.leash)
            self._client.close()

    def names(self, wanted: Sequence[str]) -> list[str]:
        """Name the environments that the selectors match; without any, those to be had here.

        Raises SelectionError for a selector that matches none.
        """
        every = self.images.names()
        if wanted and set(wanted) <= set(every):
            return list(dict.fromkeys(wanted))
        default = self.images.default_names()
        if not wanted:
            return list(default)
        chosen: list[str] = []
        for selector in wanted:
            matching = [name for name in every if _matches(name, selector)]
            if not matching:
                there = ", ".join(every)
                raise SelectionError(
                    f"--env {selector} matches no environment. There are: {there}."
                )
            # A name is meant; a pattern means what can be had here, before all there is.
            if selector not in matching:
                matching = [name for name in matching if name in default] or matching
            chosen += matching
        return list(dict.fromkeys(chosen))

    def _ready(self, image: Image) -> Environment | Unavailable:
        if self._requirements is not None:
            layered = self.images.with_requirements(image, self._requirements)
            if isinstance(layered, Unavailable):
                return layered
            image = layered
        try:
            with in_words(f"starting {image.name}"):
                container = self._pooled(image)
                said = self._maker.probe(container, image)
            environment = environments.environment_of(
                said, name=image.name, backend=self.name, image=image.id
            )
        except APIError as error:
            return _unavailable(image, f"its container does not start: {explanation(error)}")
        except (AgentError, TypeError, msgspec.ValidationError) as error:
            return _unavailable(image, f"its interpreter does not tell what it is: {error}")
        self._made[image.name] = image
        if self._requirements is not None:  # the probe tells what the virtual one was made from
            environment = msgspec.structs.replace(environment, executable=image.target)
        return environment

    def _pooled(self, image: Image) -> _Container:
        with self._lock:
            container = self._pool.get(image.name)
        if container is None:
            container = self._maker.start(image)
            with self._lock:
                self._pool[image.name] = container
        return container

    def _stream(self, image: Image) -> ExecStream:
        argv = command(image.agent, CONTENT, self._py_spy)
        if self._isolation == "fresh":
            container = self._maker.start(image)
            with self._lock:
                self._own.append(container)
            try:
                return ExecStream(
                    self._client.api, container.id, argv, lambda: self._give_up(container)
                )
            except BaseException:
                self._give_up(container)
                raise
        container = self._pooled(image)
        try:
            return ExecStream(self._client.api, container.id, argv)
        except APIError:
            # A program may have ended all processes of its uid, and the container with them.
            self._discard(image)
            return ExecStream(self._client.api, self._pooled(image).id, argv)

    def _discard(self, image: Image) -> None:
        with self._lock:
            container = self._pool.get(image.name)
        if container is None:
            return
        with suppress(*LOST):
            self._maker.remove(container)
            with self._lock:
                if self._pool.get(image.name) is container:
                    del self._pool[image.name]

    def _give_up(self, container: _Container) -> None:
        with self._lock:
            if container in self._own and not self._maker.keep:
                self._own.remove(container)
        if not self._maker.keep:
            with suppress(*LOST):
                self._maker.remove(container)


def _matches(name: str, selector: str) -> bool:
    return environments.matches(name, name.rpartition("-")[2], selector)


def _unavailable(image: Image, reason: str) -> Unavailable:
    return Unavailable(name=image.name, backend="docker", reason=reason)


# --- containers --------------------------------------------------------------------------------


class _Container:
    """A running container; it ends, and is removed by the engine, when `leash` is let go."""

    def __init__(self, container: str, name: str, leash: Any) -> None:  # noqa: ANN401 - the SDK's type depends on the transport
        self.id = container
        self.name = name
        self.leash = leash


class _Volume(NamedTuple):
    """A volume that containers share, named by what is in it; `brief` ones go with the run."""

    name: str
    where: str
    archive: Callable[[], bytes | IO[bytes]]
    brief: bool

    @staticmethod
    def of_content(content: Content) -> _Volume:
        """Make the one of agent and catalogue, which serves all runs."""
        name = f"startlab-content-{content.digest}"
        return _Volume(name, CONTENT, lambda: _packed(content.files), brief=False)

    @staticmethod
    def of_folder(folder: Path) -> _Volume:
        """Make the one of a user's snapshot, which may be large: it stays on disk."""

        def archive() -> IO[bytes]:
            file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                tar.add(folder, arcname=".", filter=_of_nobody)
            file.seek(0)
            return file

        digest = hashlib.sha256()
        with archive() as file:
            while part := file.read(1 << 20):
                digest.update(part)
        name = f"startlab-program-{digest.hexdigest()[:16]}"
        return _Volume(name, PROGRAM, archive, brief=True)

    def mount(self, *, read_only: bool) -> Mount:
        """Give it to a container."""
        return Mount(
            self.where,
            self.name,
            type="volume",
            read_only=read_only,
            no_copy=True,
            labels={LABEL: "content"},
        )


def _of_nobody(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Make the same archive of the same files, readable for all."""
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
    return info


class _Maker:
    """Makes the containers of one run, and the volumes that they share."""

    def __init__(
        self,
        api: APIClient,
        volumes: Sequence[_Volume],
        limits: Limits,
        run_id: str,
        *,
        keep: bool,
    ) -> None:
        self.keep = keep
        self._api = api
        self._volumes = volumes
        self._limits = limits
        self._run_id = run_id or uuid.uuid4().hex[:8]
        self._labels = {LABEL: "container", OWNER: owner(), "startlab.run": self._run_id}
        self._engine = api.info()

    def start(self, image: Image) -> _Container:
        """Start a container of an image. Raises APIError, and what LOST names."""
        name = f"startlab-{image.name}-{self._run_id}-{uuid.uuid4().hex[:6]}"
        container = self._api.create_container(
            image.id,
            # Whatever ends this process, with SIGKILL too, ends `cat` and so the container.
            ["tail", "-f", "/dev/null"] if self.keep else ["cat"],
            name=name,
            hostname="startlab",
            user=USER,
            working_dir="/tmp",  # noqa: S108 - in the container
            stdin_open=not self.keep,
            labels=self._labels | {"startlab.environment": image.name},
            host_config=self._locked_down(),
        )["Id"]
        made = _Container(container, name, None)
        try:
            for volume in self._volumes:
                if not self._complete(container, volume):
                    self._fill(image, volume)
            if not self.keep:
                made.leash = self._api.attach_socket(container, params={"stdin": 1, "stream": 1})
            self._api.start(container)
        except BaseException:
            self.remove(made)
            raise
        return made

    def remove(self, container: _Container) -> None:
        """Remove a container with all that runs in it. Raises what LOST names."""
        remove_container(self._api, container.id)
        if container.leash is not None:
            _let_go(container.leash)

    def probe(self, container: _Container, image: Image) -> object:
        """Ask the target what it is. Raises AgentError, and what LOST names."""
        argv = [image.target, f"{CONTENT}/agent/probe.py", *environments.LIBRARIES]
        stream = ExecStream(self._api, container.id, argv)
        try:
            said: object = msgspec.json.decode(stream.read_line())
        except (OSError, msgspec.DecodeError) as error:
            raise AgentError(f"{error}\n{stream.stderr_tail().strip()[-500:]}") from None
        finally:
            stream.close()
        return said

    def _locked_down(self) -> dict[str, Any]:
        limits, engine = self._limits, self._engine
        bounds: dict[str, Any] = {}
        # An engine without root may have no say over some of these, and then refuses them.
        if engine.get("MemoryLimit"):
            bounds["mem_limit"] = min(limits.memory, engine["MemTotal"])
            if engine.get("SwapLimit"):
                bounds["memswap_limit"] = bounds["mem_limit"]
        if engine.get("PidsLimit"):
            bounds["pids_limit"] = limits.pids
        if engine.get("CpuCfsQuota"):
            bounds["nano_cpus"] = engine["NCPU"] * 10**9
        config: dict[str, Any] = self._api.create_host_config(
            network_mode="none",
            ipc_mode="private",
            read_only=True,
            # `exec`: test suites write scripts and libraries there and run them.
            tmpfs={"/tmp": f"rw,exec,nosuid,nodev,size={limits.tmp},mode=1777"},  # noqa: S108 - in the container
            shm_size=limits.shared_memory,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            init=True,
            auto_remove=not self.keep,
            log_config=LogConfig(type="none"),
            ulimits=[
                Ulimit(name="core", soft=0, hard=0),
                # The engine's own limit, a million, makes 2.7's close_fds a matter of seconds.
                Ulimit(name="nofile", soft=limits.open_files, hard=limits.open_files_hard),
            ],
            mounts=[volume.mount(read_only=True) for volume in self._volumes],
            **bounds,
        )
        return config

    # --- the volumes ---

    def remove_volumes(self) -> None:
        """Remove the volumes of this run, but those that another one uses too."""
        for volume in self._volumes:
            if volume.brief:
                with suppress(APIError):
                    self._api.remove_volume(volume.name)

    def _complete(self, container: str, volume: _Volume) -> bool:
        try:
            stream, _ = self._api.get_archive(container, f"{volume.where}/{COMPLETE}")
        except NotFound:
            return False
        return bool(b"".join(stream))

    def _fill(self, image: Image, volume: _Volume) -> None:
        """Fill a volume through a container that never starts, whose name is the lock."""
        filler = self._lock_volume(image, volume)
        try:
            if self._complete(filler, volume):
                return
            with closing(_readable(volume.archive())) as archive:
                self._api.put_archive(filler, volume.where, archive)
            # Only now: a volume without this file was left in the middle, and is filled again.
            self._api.put_archive(filler, volume.where, _packed([(COMPLETE, b"", False)]))
        finally:
            remove_container(self._api, filler)

    def _lock_volume(self, image: Image, volume: _Volume) -> str:
        name = f"startlab-fill-{volume.name.rpartition('-')[2]}"
        limit = time.monotonic() + FILL_S
        while time.monotonic() < limit:
            try:
                created = self._api.create_container(
                    image.id,
                    ["cat"],
                    name=name,
                    labels=self._labels,
                    host_config=self._api.create_host_config(
                        network_mode="none", mounts=[volume.mount(read_only=False)]
                    ),
                )
            except APIError as error:
                if error.status_code != CONFLICT:
                    raise
                self._wait_for(name)
            else:
                return str(created["Id"])
        raise EngineError(f"The container {name} never goes away: remove it.")

    def _wait_for(self, filler: str) -> None:
        """Wait until another process has filled the volume, if it lives."""
        try:
            labels = self._api.inspect_container(filler)["Config"]["Labels"]
            if orphaned(labels.get(OWNER, "")):
                remove_container(self._api, filler)
            else:
                self._api.wait(filler, timeout=int(FILL_S), condition="removed")
        except NotFound:
            # Its name is taken and it is not there: it is being made or removed at this moment,
            # which the engine gives no means to wait for.
            time.sleep(0.02)


def _readable(archive: bytes | IO[bytes]) -> IO[bytes]:
    return io.BytesIO(archive) if isinstance(archive, bytes) else archive


def _packed(files: Sequence[tuple[str, bytes, bool]]) -> bytes:
    """Pack files, readable for all, with the folders they are in."""
    buffer = io.BytesIO()
    folders: set[str] = set()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data, executable in files:
            parts = name.split("/")[:-1]
            for depth in range(1, len(parts) + 1):
                folder = "/".join(parts[:depth])
                if folder not in folders:
                    folders.add(folder)
                    info = tarfile.TarInfo(folder)
                    info.type, info.mode = tarfile.DIRTYPE, 0o755
                    tar.addfile(info)
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755 if executable else 0o644
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


# --- one process in a container ----------------------------------------------------------------


class ExecStream:
    """A process in a container, its stdin and its stdout, over one connection to the engine.

    What comes is framed: the stream (1 stdout, 2 stderr), three zero bytes, the length as a
    big-endian 32-bit number, the data. Raises what the SDK raises when it cannot be started.
    """

    LINE_LIMIT: Final = 64 << 20
    STDERR_KEPT: Final = 4000
    GOODBYE_S: Final = 10.0
    SILENCE_S = 30.0
    """After so long a silence the engine is asked whether it is still there."""

    def __init__(
        self,
        api: APIClient,
        container: str,
        argv: Sequence[str],
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self._api = api
        self._container = container
        self._on_close = on_close
        self._execution: str = api.exec_create(container, list(argv), stdin=True)["Id"]
        self._attached: Any = api.exec_start(self._execution, socket=True)
        self._socket: Any = getattr(self._attached, "_sock", self._attached)
        self._early = _early(self._attached, self._socket)
        # Only a real socket can be read on after its time limit.
        real = isinstance(self._socket, socket.socket)
        self._socket.settimeout(self.SILENCE_S if real else None)
        self._stdout = bytearray()
        self._stderr = bytearray()
        self._closed = False

    def write(self, data: bytes) -> None:
        """Write all of it. Raises OSError."""
        self._socket.sendall(data)

    def read_line(self) -> bytes:
        """Read one line; nothing once the stream is closed.

        Raises OSError, in words, when the process ended or the engine was lost.
        """
        if self._closed:
            return b""
        searched = 0
        while True:
            end = self._stdout.find(b"\n", searched) + 1
            if end:
                line = bytes(self._stdout[:end])
                del self._stdout[:end]
                return line
            searched = len(self._stdout)
            if searched > self.LINE_LIMIT:
                raise ConnectionError(f"it sent a line of more than {self.LINE_LIMIT} bytes")
            if not self._read_frame():
                if self._closed:
                    return b""
                raise ConnectionError(self._why_ended())

    def stderr_tail(self) -> str:
        """Give the end of what the process wrote to its stderr."""
        return self._stderr.decode(errors="backslashreplace")

    def close(self) -> None:
        """Close the stream, at which the agent ends its trial and itself; wait for that."""
        if self._closed:
            return
        self._closed = True
        with suppress(OSError):
            # Half of it: the engine closes the process's stdin, and we hear of the process's end.
            self._socket.shutdown(socket.SHUT_WR)
            self._socket.settimeout(self.GOODBYE_S)
            while self._read_frame():
                self._stdout.clear()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        _let_go(self._attached)
        if self._on_close:
            self._on_close()

    def _read_frame(self) -> bool:
        header = self._read_exactly(8)
        if header is None:
            return False
        stream, length = struct.unpack(">BxxxL", header)
        data = self._read_exactly(length)
        if data is None:
            return False
        if stream == 2:
            self._stderr += data
            del self._stderr[: -self.STDERR_KEPT]
        else:
            self._stdout += data
        return True

    def _read_exactly(self, count: int) -> bytes | None:
        parts = []
        while count:
            data = self._receive(min(count, 1 << 20))
            if not data:
                return None
            parts.append(data)
            count -= len(data)
        return b"".join(parts)

    def _receive(self, most: int) -> bytes:
        if self._early:
            data, self._early = self._early[:most], self._early[most:]
            return data
        while True:
            try:
                received: bytes = self._socket.recv(most)
            except TimeoutError:
                if self._closed:
                    raise
                # A program may be silent for long; an engine that is frozen, or on a machine
                # that has vanished, would be so for ever.
                try:
                    connect(10).close()
                except EngineError as error:
                    raise ConnectionError(str(error)) from None
            else:
                return received

    def _why_ended(self) -> str:
        try:
            status = self._api.exec_inspect(self._execution)
            state = self._api.inspect_container(self._container)["State"]
        except NotFound:
            return "its container ended (a program may have killed every process of its user)"
        except LOST as error:
            return f"the Docker engine was lost ({explanation(error)})"
        if state.get("OOMKilled"):
            return "its container ran out of memory"
        if status["Running"]:
            return "the engine closed the connection to it"
        return f"it ended with exit status {status['ExitCode']}"


def _let_go(attached: Any) -> None:  # noqa: ANN401 - the SDK's types depend on the transport
    """Close a connection: the answer that it was, the file over the socket, and the socket."""
    parts = [getattr(attached, "_response", None), attached, getattr(attached, "_sock", None)]
    for part in parts:
        if part is not None:
            with suppress(OSError):
                part.close()


def _early(attached: Any, raw: Any) -> bytes:  # noqa: ANN401 - the SDK's types depend on the transport
    """Give what HTTP's own buffer holds already.

    The SDK hands out the bare socket, and so loses what arrived together with the answer's header.
    """
    response = getattr(attached, "_response", None)
    buffered = getattr(getattr(getattr(response, "raw", None), "_fp", None), "fp", None)
    if not isinstance(buffered, io.BufferedReader):
        return b""
    raw.settimeout(0)
    try:
        return buffered.read1(len(buffered.peek()))
    except OSError:  # TLS says so when there is nothing
        return b""

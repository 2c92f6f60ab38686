"""Locked-down containers, and the volumes that they share."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tempfile
import time
import uuid
from collections.abc import Callable  # noqa: TC003 - of a field
from contextlib import closing, suppress
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from docker.errors import APIError, NotFound
from docker.types import LogConfig, Mount, Ulimit

from startlab.backends.docker.engine import (
    CONFLICT,
    LABEL,
    OWNER,
    orphaned,
    owner,
    remove_container,
)
from startlab.backends.docker.exec_stream import ExecStream, let_go
from startlab.errors import AgentError, EngineError
from startlab.plan import environments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from docker import APIClient
    from startlab.backends.docker.images import Image

CONTENT: Final = "/startlab"
"""The folder, inside a container, that holds `agent` and `catalogue`."""

PY_SPY: Final = "py-spy"
"""The name of py-spy in the content, if it is included."""

PROGRAM: Final = "/program"
"""The folder, inside a container, that holds the user's `files` and `stdin`."""

COMPLETE: Final = "complete"
"""The file that is written last into a volume."""

FILL_S: Final = 60.0
"""How long another run may take to fill the volume; it takes a tenth of a second."""

USER: Final = "1000:1000"
"""Of agent and programs alike: /proc of a process with another uid *or gid* is unreadable."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a container may use, memory in bytes; never more than the engine has."""

    memory: int = 4 << 30
    pids: int = 1024
    tmp: int = 1 << 30
    shared_memory: int = 1 << 30
    open_files: int = 1024
    open_files_hard: int = 4096


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The files that go into every container: path, data, and whether it is executable."""

    files: tuple[tuple[str, bytes, bool], ...]

    @staticmethod
    def of(folders: Mapping[str, Path]) -> Content:
        """Read folders or files of the host, each under the given name."""
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


class Container:
    """A running container; it ends, and the engine removes it, when `leash` is closed."""

    def __init__(self, container: str, name: str, leash: Any) -> None:  # noqa: ANN401 - the SDK's type depends on the transport
        self.id = container
        self.name = name
        self.leash = leash


class Volume(NamedTuple):
    """A volume that containers share, named by its content; `brief` ones end with the run."""

    name: str
    where: str
    archive: Callable[[], bytes | IO[bytes]]
    brief: bool

    @staticmethod
    def of_content(content: Content) -> Volume:
        """Make the volume of agent and catalogue, which all runs share."""
        name = f"startlab-content-{content.digest}"
        return Volume(name, CONTENT, lambda: _packed(content.files), brief=False)

    @staticmethod
    def of_folder(folder: Path) -> Volume:
        """Make the volume of the user's snapshot, which may be large: it stays on disk."""

        def archive() -> IO[bytes]:
            file = tempfile.TemporaryFile()  # noqa: SIM115 - its reader closes it
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                tar.add(folder, arcname=".", filter=_anonymous)
            file.seek(0)
            return file

        digest = hashlib.sha256()
        with archive() as file:
            while part := file.read(1 << 20):
                digest.update(part)
        name = f"startlab-program-{digest.hexdigest()[:16]}"
        return Volume(name, PROGRAM, archive, brief=True)

    def mount(self, *, read_only: bool) -> Mount:
        """Return the mount of the volume for a container."""
        return Mount(
            self.where,
            self.name,
            type="volume",
            read_only=read_only,
            no_copy=True,
            labels={LABEL: "content"},
        )


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Drop owner and times: the same files make the same archive, readable by all."""
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
    return info


class Maker:
    """Makes the containers of one run, and the volumes that they share."""

    def __init__(
        self,
        api: APIClient,
        volumes: Sequence[Volume],
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

    def start(self, image: Image) -> Container:
        """Start a container of an image. Raises APIError, and what LOST names."""
        name = f"startlab-{image.name}-{self._run_id}-{uuid.uuid4().hex[:6]}"
        container = self._api.create_container(
            image.id,
            # Whatever ends this process, even SIGKILL, ends `cat` and so the container.
            ["tail", "-f", "/dev/null"] if self.keep else ["cat"],
            name=name,
            hostname="startlab",
            user=USER,
            working_dir="/tmp",  # noqa: S108 - in the container
            stdin_open=not self.keep,
            labels=self._labels | {"startlab.environment": image.name},
            host_config=self._locked_down(),
        )["Id"]
        made = Container(container, name, None)
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

    def remove(self, container: Container) -> None:
        """Remove a container with everything that runs in it. Raises what LOST names."""
        remove_container(self._api, container.id)
        if container.leash is not None:
            let_go(container.leash)

    def probe(self, container: Container, image: Image) -> object:
        """Ask the target what it is. Raises AgentError, and what LOST names."""
        argv = [image.target, f"{image.drive}{CONTENT}/agent/probe.py", *environments.LIBRARIES]
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
        # A rootless engine may not support some of these, and then refuses them.
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
            # No process gets it, as none is root and none can gain privileges. But Docker's filter
            # of system calls lets kcmp(2) and pidfd_getfd(2) through with it, and without them no
            # wait for an eventfd in an epoll is proven: polars under fork took 63 s, and takes 4.
            cap_add=["SYS_PTRACE"],
            security_opt=["no-new-privileges:true"],
            init=True,
            auto_remove=not self.keep,
            log_config=LogConfig(type="none"),
            ulimits=[
                Ulimit(name="core", soft=0, hard=0),
                # With the engine's own limit, a million, close_fds of 2.7 takes seconds.
                Ulimit(name="nofile", soft=limits.open_files, hard=limits.open_files_hard),
            ],
            mounts=[volume.mount(read_only=True) for volume in self._volumes],
            **bounds,
        )
        return config

    # --- the volumes ---

    def remove_volumes(self) -> None:
        """Remove the volumes of this run, except those that another run uses."""
        for volume in self._volumes:
            if volume.brief:
                with suppress(APIError):
                    self._api.remove_volume(volume.name)

    def _complete(self, container: str, volume: Volume) -> bool:
        try:
            stream, _ = self._api.get_archive(container, f"{volume.where}/{COMPLETE}")
        except NotFound:
            return False
        return bool(b"".join(stream))

    def _fill(self, image: Image, volume: Volume) -> None:
        """Fill a volume through a container that never starts, whose name is the lock."""
        filler = self._lock_volume(image, volume)
        try:
            if self._complete(filler, volume):
                return
            with closing(_readable(volume.archive())) as archive:
                self._api.put_archive(filler, volume.where, archive)
            # Last: a volume without this file was interrupted, and is filled again.
            self._api.put_archive(filler, volume.where, _packed([(COMPLETE, b"", False)]))
        finally:
            remove_container(self._api, filler)

    def _lock_volume(self, image: Image, volume: Volume) -> str:
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
        raise EngineError(f"The container {name} does not go away: remove it.")

    def _wait_for(self, filler: str) -> None:
        """Wait until another process has filled the volume, if it lives."""
        try:
            labels = self._api.inspect_container(filler)["Config"]["Labels"]
            if orphaned(labels.get(OWNER, "")):
                remove_container(self._api, filler)
            else:
                self._api.wait(filler, timeout=int(FILL_S), condition="removed")
        except NotFound:
            # Its name is taken but it does not exist: it is just being made or removed, which the
            # engine offers no way to wait for.
            time.sleep(0.02)


def _readable(archive: bytes | IO[bytes]) -> IO[bytes]:
    return io.BytesIO(archive) if isinstance(archive, bytes) else archive


def _packed(files: Sequence[tuple[str, bytes, bool]]) -> bytes:
    """Pack files, readable by all, with the folders they are in."""
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

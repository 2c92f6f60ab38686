"""The Docker engine: connecting to it, explaining its errors, removing what startlab left."""

from __future__ import annotations

import importlib
import os
import shutil
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil
import requests
import urllib3
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

import docker
from startlab.backends import cgroups
from startlab.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient, DockerClient

LABEL: Final = "startlab"
"""On everything that startlab makes in an engine: `container`, `content`, `image` or `base`."""

OWNER: Final = "startlab.owner"


def _of_pipes() -> tuple[type[Exception], ...]:
    """Give what a named pipe of Windows raises: it is no OSError."""
    try:
        return (importlib.import_module("pywintypes").error,)
    except ImportError:
        return ()


LOST: Final[tuple[type[Exception], ...]] = (
    DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError, *_of_pipes(),
)  # fmt: skip
"""What the SDK raises when the engine goes away in the middle of a call."""

NOT_FOUND, ACCESS_DENIED = 2, 5  # as Windows numbers its errors

UNREADABLE: Final[tuple[type[Exception], ...]] = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    OverflowError,
)
"""What it lets through where settings, as ~/.docker/config.json, are not what they should be."""

API_TIMEOUT_S: Final = 60.0

CONFLICT: Final = 409
"""The engine's status for a name that is taken, or a container that is already being removed."""

CLOCK_SET_S: Final = 5.0
"""How far the start time of a live process may shift when the clock is set."""

TICKS: Final = "t"
"""Before a start that is in ticks since the machine's, on Linux: no clock changes it."""


def connect(timeout_s: float = API_TIMEOUT_S) -> DockerClient:
    """Connect to the engine that the docker command would use: DOCKER_HOST, context, socket.

    Raises EngineError, which says why it cannot and what to do.
    """
    try:
        return docker.from_env(timeout=int(timeout_s), use_ssh_client=True)
    except LOST + UNREADABLE as error:
        raise EngineError(_why_not(error)) from None


def first_process(client: DockerClient, container: str) -> int:
    """Give the number that a container's first process has on this machine.

    Raises EngineError where it is not there, or its engine is that of another machine.
    """
    with in_words("asking for a container"):
        try:
            state = client.containers.get(container).attrs["State"]
        except NotFound:
            raise EngineError(
                f"There is no container {container}. `docker ps` lists those that run."
            ) from None
    pid = int(state["Pid"])
    if not pid:
        raise EngineError(f"The container {container} does not run.")
    if not psutil.pid_exists(pid):
        raise EngineError(
            f"The processes of {container} are not to be seen from here. Look from its machine, or "
            f"run `docker run --rm --pid=container:{container} --network=container:{container} "
            "--cap-add=SYS_PTRACE IMAGE startlab why 1` with an image that has startlab."
        )
    return pid


def _why_not(error: BaseException) -> str:
    where = os.environ.get("DOCKER_HOST") or "its usual socket"
    for cause in _causes(error):
        code = getattr(cause, "winerror", None)
        if isinstance(cause, PermissionError) or code == ACCESS_DENIED:
            return (
                f"The Docker engine refuses this user at {where}: permission denied. "
                "Join the group docker (and log in again), or run as a user who may use it."
            )
        if isinstance(cause, FileNotFoundError | ConnectionRefusedError) or code == NOT_FOUND:
            reason = str(getattr(cause, "strerror", None) or cause).rstrip(".")
            return (
                f"No Docker engine answers at {where}: {reason}. Start it, or "
                "point DOCKER_HOST at one; without Docker, use --backend native."
            )
        if isinstance(cause, TimeoutError | requests.Timeout):
            return f"The Docker engine at {where} does not answer in time. Restart it."
    return (
        f"No Docker engine can be used at {where}: {error}. "
        "`docker version` should work first; without Docker, use --backend native."
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield what an exception was raised from or wraps: requests hides it in `args`."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, BaseException) and item not in seen:
            seen.append(item)
            yield item
            waiting += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]


@contextmanager
def in_words(doing: str) -> Iterator[None]:
    """Turn what the SDK raises into EngineError; an engine that refuses stays an APIError."""
    try:
        yield
    except APIError:
        raise
    except LOST as error:
        raise EngineError(
            f"The Docker engine was lost while {doing}: {_short(error)}. "
            "Look at its log, start it again, and resume the run."
        ) from None


def explanation(error: Exception) -> str:
    """Return the engine's own message for why it refuses."""
    words = error.explanation if isinstance(error, APIError) else None
    return _short(words or error)


def _short(words: object, limit: int = 500) -> str:
    text = " ".join(str(words).split()).rstrip(".")
    return text if len(text) <= limit else text[:limit] + " ..."


# --- who made it -------------------------------------------------------------------------------


def owner() -> str:
    """Name this process for a label, distinct from a later process with the same pid."""
    ticks = cgroups.started(os.getpid())
    started = f"{psutil.Process().create_time():.0f}" if ticks is None else f"{TICKS}{ticks}"
    return f"{socket.gethostname()}:{os.getpid()}:{started}"


def orphaned(label: str) -> bool:
    """Return whether the owner named by a label has ended; on another host it counts as alive."""
    host, _, rest = label.rpartition(":")[0].rpartition(":")
    started = label.rpartition(":")[2]
    if not (rest.isdecimal() and started.removeprefix(TICKS).isdecimal()):
        return True
    if host != socket.gethostname():
        return False
    if started.startswith(TICKS):
        return cgroups.started(int(rest)) != int(started.removeprefix(TICKS))
    try:
        return abs(psutil.Process(int(rest)).create_time() - int(started)) > CLOCK_SET_S
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


def scratch_folder() -> Path:
    """Return a new folder for a root file system, named after its owner."""
    parent = Path("/var/tmp")  # noqa: S108 - on disk, where /tmp is often in memory and `nodev`
    return Path(tempfile.mkdtemp(prefix=f"startlab-{owner()}-", dir=parent))


# --- cleaning up -------------------------------------------------------------------------------


def clean(client: DockerClient, *, everything: bool = False) -> list[str]:
    """Remove what earlier runs have left; with `everything`, the images too.

    What belongs to a live run stays. Returns descriptions of what was removed. Raises EngineError
    when the engine is lost.
    """
    with in_words("removing what is labelled"):
        removed = [*_clean_containers(client.api), *_clean_volumes(client.api)]
        if everything:
            removed += _clean_images(client.api)
    return [*removed, *_clean_scratch()]


def _clean_containers(api: APIClient) -> Iterator[str]:
    for found in api.containers(all=True, filters={"label": f"{LABEL}=container"}):
        if orphaned(found["Labels"].get(OWNER, "")):
            name = found["Names"][0].lstrip("/") if found["Names"] else found["Id"][:12]
            if remove_container(api, found["Id"]):
                yield f"container {name}"


def remove_container(api: APIClient, container: str) -> bool:
    """Remove a container with everything that runs in it; False if it was already going."""
    try:
        api.remove_container(container, force=True, v=True)
    except APIError as error:
        if isinstance(error, NotFound) or error.status_code == CONFLICT:
            return False
        raise
    return True


def _clean_volumes(api: APIClient) -> Iterator[str]:
    for found in api.volumes(filters={"label": f"{LABEL}=content"})["Volumes"] or ():
        try:
            api.remove_volume(found["Name"])
        except APIError:  # in use, or already removed by another process
            continue
        yield f"volume {found['Name']}"


def _clean_images(api: APIClient) -> Iterator[str]:
    # Images of environments first: they are built on the bases.
    for kind in ("image", "base"):
        for found in api.images(filters={"label": f"{LABEL}={kind}"}):
            for name in found["RepoTags"] or [found["Id"]]:
                try:
                    api.remove_image(name)
                except (ImageNotFound, APIError):  # in use, or gone with another
                    continue
                yield f"image {name}"


def _clean_scratch() -> Iterator[str]:
    for folder in Path("/var/tmp").glob("startlab-*:*:*-*"):  # noqa: S108 - see scratch_folder
        label = folder.name.removeprefix("startlab-").rpartition("-")[0]
        if orphaned(label) and not any(_mounted_below(folder)):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                yield f"folder {folder}"


def _mounted_below(folder: Path) -> Iterator[str]:
    mounts = Path("/proc/self/mounts")
    for line in mounts.read_text().splitlines() if mounts.exists() else ():
        if line.split()[1].startswith(str(folder)):
            yield line

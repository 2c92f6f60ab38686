"""A base image without an image registry: a root file system made with debootstrap."""

from __future__ import annotations

import io
import os
import platform
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
from collections import deque
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from startlab.backends.docker.engine import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from docker import APIClient

DEFAULT_MIRROR: Final = "http://deb.debian.org/debian"

EMPTIED: Final = frozenset(
    PurePosixPath(folder)
    for folder in (
        "dev",
        "proc",
        "sys",
        "run",
        "tmp",
        "usr/share/doc",
        "usr/share/info",
        "usr/share/locale",
        "usr/share/man",
        "var/cache/apt",
        "var/lib/apt/lists",
        "var/log",
    )
)
"""Folders of a root file system that go into the image empty."""


class BuildError(Exception):
    """An image cannot be made; the message is the reason, for the user."""


def cannot_debootstrap(api: APIClient) -> str | None:
    """Return why no root file system can be made on this host; None if it can."""
    if not sys.platform.startswith("linux"):
        return "debootstrap needs Linux"
    if shutil.which("debootstrap", path=_path()) is None:
        return "debootstrap is not installed (apt install debootstrap)"
    if os.geteuid() != 0:
        return "debootstrap needs root (run `sudo startlab images build` once)"
    engine = str(api.info().get("Architecture"))
    if engine != platform.machine():
        return f"debootstrap makes {platform.machine()} here and the engine runs on {engine}"
    return None


def _path() -> str:
    """Return PATH with the folders of system programs, which some users lack."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def host_mirror(apt: Path = Path("/etc/apt"), release: Path = Path("/etc/os-release")) -> str:
    """Find the mirror that this host's apt uses, if it runs Debian; else the default one."""
    try:
        system = dict(
            line.split("=", 1) for line in release.read_text().splitlines() if "=" in line
        )
    except OSError:
        return DEFAULT_MIRROR
    codename = system.get("VERSION_CODENAME", "").strip('"')
    if system.get("ID", "").strip('"') != "debian" or not codename:
        return DEFAULT_MIRROR
    for uri, suite in _apt_sources(apt):
        if suite == codename and uri.startswith(("http://", "https://")):
            return uri.rstrip("/")
    return DEFAULT_MIRROR


def _apt_sources(apt: Path) -> Iterator[tuple[str, str]]:
    """Yield each URI and suite of binary packages in `main`; sources.list(5)."""
    for file in sorted(apt.glob("sources.list.d/*.sources")):
        for stanza in file.read_text(errors="replace").split("\n\n"):
            fields = dict(
                line.split(":", 1)
                for line in stanza.splitlines()
                if ":" in line and not line.startswith(("#", " ", "\t"))
            )
            values = {name.strip().lower(): value.split() for name, value in fields.items()}
            if "deb" in values.get("types", ()) and "main" in values.get("components", ()):
                for suite in values.get("suites", ()):
                    yield from ((uri, suite) for uri in values.get("uris", ()))
    for file in [apt / "sources.list", *sorted(apt.glob("sources.list.d/*.list"))]:
        for line in file.read_text(errors="replace").splitlines() if file.is_file() else ():
            words = line.split("#")[0].split("]")[-1].split()
            words = words[1:] if words[:1] == ["deb"] else words
            if line.startswith("deb ") and len(words) > 2 and "main" in words[2:]:
                yield words[0], words[1]


@contextmanager
def root_file_system(
    suite: str,
    packages: Iterable[str],
    mirror: str,
    *,
    ca_bundle: Path | None = None,
    timeout_s: float,
) -> Iterator[Path]:
    """Make a minimal Debian with debootstrap in a scratch folder, which is removed afterwards.

    It runs in its own mount namespace, so that nothing stays mounted, however it ends.
    """
    scratch = scratch_folder()
    try:
        root = scratch / "root"
        scripts = Path(os.environ.get("DEBOOTSTRAP_DIR", "/usr/share/debootstrap")) / "scripts"
        command = [
            *(["unshare", "--mount"] if shutil.which("unshare") else []),
            "debootstrap",
            "--variant=minbase",
            f"--include={','.join(packages)}",
            suite,
            str(root),
            mirror,
            # All suites of Debian use this script; a debootstrap older than a suite has no link to
            # it under the suite's name.
            str(scripts / "sid"),
        ]
        environment = {**os.environ, "PATH": _path(), "LC_ALL": "C"}
        if ca_bundle:
            settings = scratch / "wgetrc"
            settings.write_text(f"ca_certificate = {ca_bundle.resolve()}\n")
            environment["WGETRC"] = str(settings)
        status, log = _run(command, environment, timeout_s)
        if status != 0:
            detail = root / "debootstrap" / "debootstrap.log"
            if detail.is_file():
                log += detail.read_text(errors="replace").splitlines()[-8:]
            raise BuildError(
                f"debootstrap of {suite} from {mirror} failed (exit status {status}):\n"
                + last_lines(log)
            )
        yield root
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run(
    command: list[str], environment: dict[str, str], timeout_s: float
) -> tuple[int, list[str]]:
    """Run a program of the host, up to the time limit; return its status and last lines."""
    if sys.platform == "win32":
        raise NotImplementedError("only debootstrap is run like this")
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        limit = threading.Timer(timeout_s, os.killpg, (process.pid, signal.SIGKILL))
        limit.start()
        try:
            log = deque((line.rstrip() for line in process.stdout), maxlen=40)
            return process.wait(), list(log)
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            raise
        finally:
            limit.cancel()


def packed(root: Path) -> Iterator[bytes]:
    """Yield a root file system as a tar stream, without holding it in memory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for path in _walk(root):
            tar.add(path, arcname=path.relative_to(root).as_posix(), recursive=False)
            if buffer.tell() > 1 << 20:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
    yield buffer.getvalue()


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        inside = PurePosixPath(Path(folder).relative_to(root).as_posix())
        if inside in EMPTIED:
            folders.clear()
            continue
        folders.sort()
        yield from (Path(folder) / name for name in sorted([*folders, *files]))


def last_lines(log: Iterable[str], count: int = 12) -> str:
    """Return the last lines of a log that are not blank."""
    return "\n".join([line for line in log if line.strip()][-count:])

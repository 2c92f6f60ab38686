"""What an environment is called, what it matches, and which interpreters this host has."""

from __future__ import annotations

import fnmatch
import json
import os
import platform
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

import findpython
import msgspec
import platformdirs
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from startlab.errors import SelectionError
from startlab.model import Environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PROBE: Final = Path(__file__).parent / "agent" / "probe.py"
LIBRARIES: Final = (
    "libc.so.6",
    "libgomp.so.1",
    "Accelerate",
    "_sqlite3",
    "asyncio",
    "concurrent.futures",
    "ctypes",
    "fcntl",
    "multiprocessing.shared_memory",
    "numpy",
)
"""What experiments may require of an environment: shared libraries and Python modules."""

IMPLEMENTATIONS: Final = {"cpython": "CPython", "pypy": "PyPy"}
"""What markers call an implementation: `implementation_name`, `platform_python_implementation`."""

msgspec.json.Decoder(Environment)
"""Has msgspec learn this type here, and not in two threads at once (backends/conversation.py)."""

PROBE_TIMEOUT_S: Final = 20.0
OLDEST: Final = Version("2.7")


def native_name(probed: Environment) -> str:
    """Name an interpreter of this host: `host-3.13`, `host-3.13t`, `host-pypy3.11`."""
    implementation = "" if probed.implementation == "cpython" else probed.implementation
    version = Version(probed.python)
    threaded = "t" if probed.free_threaded else ""
    return f"host-{implementation}{version.major}.{version.minor}{threaded}"


def platform_name() -> str:
    """Name this platform as the matrix of GitHub Actions has it: `windows`, `linux-arm64`."""
    systems = {"win32": "windows", "darwin": "macos"}
    system = systems.get(sys.platform, sys.platform)
    usual, other = ("arm64", "intel") if system == "macos" else ("x86_64", "arm64")
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    return system if machine == usual else f"{system}-{other}"


def sort_key(name: str) -> tuple[str, str, Version, str]:
    """Order environments by family, then by version, 3.9 before 3.10."""
    match = re.fullmatch(r"(.*?)-?([a-z]*)([0-9]{1,9}\.[0-9]{1,9})(.*)", name)
    if match is None:
        return (name, "", OLDEST, "")
    family, implementation, version, suffix = match.groups()
    return (family, implementation, Version(version), suffix)


def matches(name: str, python: str, selector: str) -> bool:
    """Tell whether a selector means an environment.

    A selector is a name, a glob of names (`linux-*`), a version (`3.13`) or a specifier of
    versions (`>=3.12`).
    """
    if selector[:1] in "<>=!~":
        try:
            return SpecifierSet(selector, prereleases=True).contains(python)
        except InvalidSpecifier:
            raise SelectionError(
                f"--env {selector}: this looks like a range of versions and is none; "
                "write it like '>=3.12' or '>=3.9,<3.13'."
            ) from None
    if selector[:1].isdigit():
        return name.removesuffix(selector).endswith("-")
    return fnmatch.fnmatchcase(name, selector)


def select(environments: Iterable[Environment], selectors: Sequence[str]) -> list[Environment]:
    """Choose environments. Raises SelectionError for a selector that matches none."""
    every = list(environments)
    for selector in selectors:
        if not any(matches(each.name, each.python, selector) for each in every):
            raise unmatched(selector, [each.name for each in every])
    return [
        each
        for each in every
        if not selectors or any(matches(each.name, each.python, one) for one in selectors)
    ]


def unmatched(selector: str, names: Sequence[str], *, docker: bool = False) -> SelectionError:
    """Tell which environments there are, of images in `docker`, where a selector matches none."""
    native = ""
    if docker and selector.startswith("host-"):
        native = " host-… are this host's own interpreters: add --backend native."
    there = ", ".join(names) or "none"
    return SelectionError(f"--env {selector} matches no environment.{native} There are: {there}.")


def marker_environment(environment: Environment) -> dict[str, str]:
    """Give what PEP 508 markers are evaluated against."""
    version = Version(environment.python)
    return {
        "implementation_name": environment.implementation,
        "implementation_version": environment.python,
        "os_name": environment.os_name,
        "platform_machine": environment.machine,
        "platform_release": environment.platform_release,
        "platform_system": environment.platform_system,
        "platform_version": environment.platform_version,
        "python_full_version": environment.python,
        "platform_python_implementation": IMPLEMENTATIONS.get(
            environment.implementation, environment.implementation
        ),
        "python_version": f"{version.major}.{version.minor}",
        "sys_platform": environment.sys_platform,
    }


# --- the interpreters of this host -------------------------------------------------------------


def find() -> Iterator[Environment]:
    """Find the host's interpreters, one per version; the running one comes at once.

    Where several have the same version but for the patch level, the running one is taken, else the
    newest. What was probed is remembered as long as the executable is unchanged.
    """
    memory = _Memory(platformdirs.user_cache_path("startlab") / "interpreters.json")
    own = memory.probe(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
    taken = set()
    if own is not None:
        taken.add(own.name)
        yield own
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        probed = [each for each in pool.map(memory.probe, candidates()) if each is not None]
    memory.save()
    probed.sort(key=lambda each: (sort_key(each.name), Version(each.python)), reverse=True)
    newest = {each.name: each for each in reversed(probed)}
    for name in sorted(newest, key=sort_key):
        if name not in taken:
            yield newest[name]


def candidates() -> list[str]:
    """List the executables that may be interpreters, each once: of PATH, pyenv, uv and others.

    Where to look is findpython's knowledge. Shims are left out: what they stand for is listed.
    """
    found = {
        os.path.realpath(python.executable)
        for provider in findpython.Finder().setup_providers()
        for python in provider.find_pythons()
        if python.executable.parent.name != "shims" and not python.name.endswith("-config")
    }
    return sorted(found)


class _Probed(msgspec.Struct, frozen=True):
    """What an executable said when it was probed; None if it is no interpreter."""

    stamp: str
    said: object


class _Memory:
    """What earlier probes said, by path, as long as the file is the same."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._known = msgspec.json.decode(path.read_bytes(), type=dict[str, _Probed])
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            self._known = {}
        self._probe_stamp = PROBE.read_text("utf-8") + " ".join(LIBRARIES)

    def probe(self, executable: str) -> Environment | None:
        try:
            status = Path(executable).stat()
        except OSError:
            return None
        stamp = f"{status.st_mtime_ns} {status.st_size} {self._probe_stamp}"
        known = self._known.get(executable)
        if known is None or known.stamp != stamp:
            known = _Probed(stamp, probe(executable) if status.st_size else None)
            self._known[executable] = known
        try:
            probed = environment_of(known.said, name="", backend="native")
        except (TypeError, msgspec.ValidationError):
            return None
        return msgspec.structs.replace(probed, name=native_name(probed))

    def save(self) -> None:
        """Remember, if there is where to; the next search is only slower otherwise."""
        fresh = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(msgspec.json.encode(self._known))
            fresh.replace(self._path)
        except OSError:
            return


def probe(executable: str) -> object | None:
    """Ask an interpreter what it is; None when it is none, or too old to say."""
    try:
        done = subprocess.run(
            [executable, str(PROBE), *LIBRARIES],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_TIMEOUT_S,
            check=True,
        )
        said: object = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return said


def environment_of(
    said: object, *, name: str, backend: str, image: str | None = None
) -> Environment:
    """Make an environment of what `agent/probe.py` printed in it.

    Raises TypeError or msgspec.ValidationError if that was something else.
    """
    if not isinstance(said, dict):
        raise TypeError(f"the probe said {said!r}")
    probed = msgspec.convert(
        said | {"name": name, "backend": backend, "image": image}, Environment, strict=False
    )
    if probed.python.endswith("+"):  # built from a checkout, between two versions
        probed = msgspec.structs.replace(probed, python=f"{probed.python}local")
    return probed

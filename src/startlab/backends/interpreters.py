"""Which interpreters this host has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import platformdirs
from packaging.version import Version

from startlab.model import Environment
from startlab.plan.environments import LIBRARIES, sort_key

if TYPE_CHECKING:
    from collections.abc import Iterator


PROBE: Final = Path(__file__).parents[1] / "agent" / "probe.py"


PROBE_TIMEOUT_S: Final = 20.0


def native_name(probed: Environment) -> str:
    """Name an interpreter of this host: `host-3.13`, `host-3.13t`, `host-pypy3.11`."""
    implementation = "" if probed.implementation == "cpython" else probed.implementation
    version = Version(probed.python)
    threaded = "t" if probed.free_threaded else ""
    return f"host-{implementation}{version.major}.{version.minor}{threaded}"


# --- the interpreters of this host -------------------------------------------------------------


def find() -> Iterator[Environment]:
    """Find the host's interpreters, one per version; the running one comes at once.

    If several differ only in the patch level, the running one is taken, else the newest. Probes are
    cached as long as the executable is unchanged.
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
    """List the executables that may be interpreters, each once: from PATH, pyenv, uv and others.

    findpython knows where to look. Shims are left out, since what they stand for is listed.
    """
    found: set[str] = set()
    import findpython  # slow

    for provider in findpython.Finder().setup_providers():
        try:
            found.update(
                os.path.realpath(python.executable)
                for python in provider.find_pythons()
                if python.executable.parent.name != "shims" and not python.name.endswith("-config")
            )
        except OSError:
            continue  # a place that may not be looked into
    return sorted(found)


class _Probed(msgspec.Struct, frozen=True):
    """The result of probing an executable; None if it is not an interpreter."""

    stamp: str
    said: object


class _Memory:
    """The results of earlier probes, by path, as long as the file is the same."""

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
        """Save the cache if possible; otherwise the next search is only slower."""
        fresh = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(msgspec.json.encode(self._known))
            fresh.replace(self._path)
        except OSError:
            return


def probe(executable: str) -> object | None:
    """Ask an interpreter what it is; None if it is not one, or too old to answer."""
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
    said: object, *, name: str, backend: str, image: str | None = None, library: str = ""
) -> Environment:
    """Make an environment from what `agent/probe.py` printed in it.

    Raises TypeError or msgspec.ValidationError if the output is not a probe's.
    """
    if not isinstance(said, dict):
        raise TypeError(f"the probe said {said!r}")
    known = {"name": name, "backend": backend, "image": image, "library": library}
    probed = msgspec.convert(said | known, Environment, strict=False)
    if probed.python.endswith("+"):  # built from a checkout, between two versions
        probed = msgspec.structs.replace(probed, python=f"{probed.python}local")
    return probed

"""The environment that the user works in: an activated one, the project's `.venv`, or `--python`.

A program that imports what is installed there runs nowhere else without more ado. So it is an
environment of its own, beside those of a backend; nothing is ever installed into it.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from packaging.version import Version

from startlab.backends import interpreters
from startlab.errors import ProgramError, SelectionError
from startlab.plan.environments import matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from startlab.backends import Agent, Backend
    from startlab.model import BackendName, Environment, Unavailable

BIN: Final = "Scripts" if os.name == "nt" else "bin"
PYTHON: Final = "python.exe" if os.name == "nt" else "python"

INSTALLED: Final = """
import importlib.metadata, json
found = {}
for each in importlib.metadata.distributions():
    try:
        direct = json.loads(each.read_text("direct_url.json") or "{}")
        found.setdefault(each.metadata["Name"], [each.version, direct.get("url", "")])
    except Exception:
        pass
print(json.dumps(found))
"""
"""Run by an interpreter of 3.8 or later: what is installed there, with versions and origins."""


class Place(NamedTuple):
    """Where the user's Python is: the executable, its kind, and how it was found."""

    executable: Path
    kind: str
    how: str


def find(project: Path, environ: Mapping[str, str], given: Path | None = None) -> Place | None:
    """Find the user's Python: `given`, else that of the activated environment, else the project's.

    `project` is the program's folder; a `.venv` in it counts, and one beside the nearest
    pyproject.toml above. Raises ProgramError for a `given` that is no Python.
    """
    if given is not None:
        return _given(given)
    for variable, kind in (("VIRTUAL_ENV", "venv"), ("CONDA_PREFIX", "conda")):
        prefix = environ.get(variable)
        executable = _python_of(Path(prefix)) if prefix else None
        if executable is not None:
            return Place(executable, kind, f"the activated environment {prefix}")
    for folder in (project, *project.parents):
        executable = _python_of(folder / ".venv")
        if executable is not None:
            return Place(executable, "venv", f"the project's {folder / '.venv'}")
        if (folder / "pyproject.toml").is_file():
            break
    return None


def _given(path: Path) -> Place:
    executable = _python_of(path) if path.is_dir() else path
    if executable is None or not executable.exists():
        raise ProgramError(
            f"--python {path}: there is no Python. Name an interpreter, or the folder of a virtual "
            "environment."
        )
    executable = Path(os.path.abspath(executable))  # noqa: PTH100 - resolving leaves a venv
    in_venv = (_prefix(executable) / "pyvenv.cfg").is_file()
    in_conda = (_prefix(executable) / "conda-meta").is_dir()
    kind = "venv" if in_venv else "conda" if in_conda else "python"
    return Place(executable, kind, f"--python {path}")


def _python_of(folder: Path) -> Path | None:
    """Give the Python of an environment: conda has Windows' at the top of it."""
    for path in (folder / BIN / PYTHON, folder / PYTHON):
        if path.is_file():
            return path
    return None


def _prefix(executable: Path) -> Path:
    """Give the environment's folder: conda has Windows' Python at the top of it."""
    folder = executable.parent
    return folder.parent if folder.name == BIN else folder


def probe(place: Place) -> Environment:
    """Ask the user's Python what it is. Raises ProgramError."""
    said = interpreters.probe(os.fspath(place.executable))
    try:
        found = interpreters.environment_of(said, name="", backend="native")
    except (TypeError, msgspec.ValidationError):
        raise ProgramError(
            f"{place.executable}, of {place.how}, does not run as a Python: is its base "
            "interpreter gone? Make the environment again, or name another one with --python."
        ) from None
    version = Version(found.python)
    threaded = "t" if found.free_threaded else ""
    return msgspec.structs.replace(
        found,
        name=f"{place.kind}-{version.major}.{version.minor}{threaded}",
        executable=os.fspath(place.executable),
        prefix="" if place.kind == "python" else os.fspath(_prefix(place.executable)),
    )


def installed(environment: Environment) -> tuple[str, ...]:
    """List what is installed in the user's environment, as requirements.

    What was installed from a folder, editable or not, is that folder's path. Raises ProgramError.
    """
    try:
        done = subprocess.run(
            [environment.executable, "-c", INSTALLED],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=interpreters.PROBE_TIMEOUT_S,
            check=True,
        )
        found: dict[str, tuple[str, str]] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise ProgramError(
            f"--same-packages: {environment.executable} does not say what is installed: {error}"
        ) from None
    return tuple(
        _requirement(name, version, url)
        for name, (version, url) in sorted(found.items())
        if name.lower() not in ("pip", "setuptools", "wheel")
    )


def _requirement(name: str, version: str, url: str) -> str:
    if url.startswith("file://"):
        from urllib.parse import unquote, urlsplit
        from urllib.request import url2pathname

        return url2pathname(unquote(urlsplit(url).path))
    return f"{name} @ {url}" if url else f"{name}=={version}"


class WithUserPython:
    """A backend that has the user's environment, always native, beside those of another one."""

    def __init__(self, user: Environment, native: Backend, other: Backend) -> None:
        self._user = user
        self._native = native
        self._other = other
        self.name: BackendName = other.name

    def names(self, wanted: Sequence[str]) -> list[str]:
        """Name the user's environment first, if it is wanted. Raises SelectionError."""
        mine, others = self._split(wanted)
        return [*mine, *(self._other.names(others) if others or not wanted else ())]

    def environments(self, wanted: Sequence[str]) -> Iterator[Environment | Unavailable]:
        """Give the user's environment at once, then the others."""
        mine, others = self._split(wanted)
        if mine:
            yield self._user
        if others or not wanted:
            yield from self._other.environments(others)

    def _split(self, wanted: Sequence[str]) -> tuple[list[str], list[str]]:
        """Tell which selectors are for the other backend; what only means the user's is not."""
        mine = [each for each in wanted if matches(self._user.name, self._user.python, each)]
        others = [each for each in wanted if each not in mine or self._has(each)]
        return [self._user.name] if mine or not wanted else [], others

    def _has(self, selector: str) -> bool:
        try:
            return bool(self._other.names([selector]))
        except SelectionError:
            return False

    def agent(self, environment: Environment) -> Agent:
        """Start an agent. Raises AgentError."""
        return self._of(environment).agent(environment)

    def ask(self, environment: Environment, script: str, *args: str) -> object:
        """Have an environment's Python run a script of the agent's folder. Raises AgentError."""
        return self._of(environment).ask(environment, script, *args)

    def _of(self, environment: Environment) -> Backend:
        return self._native if environment.name == self._user.name else self._other

    def kept(self) -> Mapping[str, str]:
        """Tell for each environment of which a container is kept the command that enters it."""
        return self._other.kept()

    def close(self) -> None:
        """Remove all that the backends have started."""
        self._native.close()
        self._other.close()


def variables(environment: Environment) -> dict[str, str]:
    """Give what activating an environment sets: its scripts come first on PATH."""
    if not environment.prefix:
        return {}
    scripts = os.path.join(environment.prefix, BIN)  # noqa: PTH118 - a text for the program
    return {
        "VIRTUAL_ENV": environment.prefix,
        "PATH": os.pathsep.join([scripts, os.environ.get("PATH", os.defpath)]),
    }

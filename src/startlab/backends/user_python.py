"""The environment that the user works in: an activated one, the project's `.venv`, or `--python`.

A program that imports what is installed there may run nowhere else as it is. So it is an
environment of its own, beside those of a backend; nothing is ever installed into it.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from startlab.backends import interpreters
from startlab.errors import ProgramError, SelectionError
from startlab.plan.environments import matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from startlab.backends import Agent, Backend
    from startlab.model import BackendName, Environment, Unavailable

BIN: Final = "Scripts" if os.name == "nt" else "bin"
PYTHON: Final = "python.exe" if os.name == "nt" else "python"
ACTIVE: Final = {"venv": "VIRTUAL_ENV", "conda": "CONDA_PREFIX"}
"""What names the environment of a kind that is activated."""

NOT_THE_PROGRAMS: Final = ("pip", "setuptools", "startlab", "wheel")
"""What is installed in an environment to work in it."""

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


def find(project: Path, environ: Mapping[str, str], given: Path | None = None) -> Path | None:
    """Find the user's Python: `given`, else that of the activated environment, else the project's.

    `project` is the program's folder; a `.venv` in it counts, and one beside the nearest
    pyproject.toml above. Conda's base is active in every shell of many, so it comes last. Raises
    ProgramError for a `given` that is no Python.
    """
    if given is not None:
        return _given(given)
    conda = environ.get(ACTIVE["conda"])
    is_base = environ.get("CONDA_DEFAULT_ENV") in ("base", "root")
    activated = [environ.get(ACTIVE["venv"]), None if is_base else conda]
    for prefix in [*activated, *_own(project), conda]:
        executable = _python_of(Path(prefix)) if prefix else None
        if executable is not None:
            return executable
    return None


def _own(project: Path) -> Iterator[str]:
    """Give where a project's own environment may be."""
    for folder in (project, *project.parents):
        yield os.fspath(folder / ".venv")
        if (folder / "pyproject.toml").is_file():
            return


def _given(path: Path) -> Path:
    executable = _python_of(path) if path.is_dir() else path
    if executable is None or not executable.exists():
        raise ProgramError(
            f"--python {path}: there is no Python. Name an interpreter, or the folder of a virtual "
            "environment."
        )
    return Path(os.path.abspath(executable))  # noqa: PTH100 - resolving leaves a venv


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


def _kind(prefix: Path) -> str:
    if (prefix / "pyvenv.cfg").is_file():
        return "venv"
    return "conda" if (prefix / "conda-meta").is_dir() else "python"


def probe(executable: Path, platform: str = "") -> Environment:
    """Ask the user's Python what it is; its name begins with `platform`, if given.

    Raises ProgramError.
    """
    said = interpreters.probe(os.fspath(executable))
    try:
        found = interpreters.environment_of(said, name="", backend="native")
    except (TypeError, msgspec.ValidationError):
        raise ProgramError(
            f"{executable} does not run as a Python: is its base interpreter gone? Make the "
            "environment again, or name another one with --python."
        ) from None
    prefix = _prefix(executable)
    version = interpreters.native_name(found).removeprefix("host-")
    return msgspec.structs.replace(
        found,
        name=f"{platform}-{_kind(prefix)}-{version}".removeprefix("-"),
        executable=os.fspath(executable),
        prefix=os.fspath(prefix),
    )


def shown(user: Environment, here: Path) -> str:
    """Name the user's environment as `--python` takes it, from a folder."""
    is_environment = _kind(Path(user.prefix)) in ACTIVE
    path = Path(user.prefix if is_environment else user.executable)
    return os.fspath(path.relative_to(here) if path.is_relative_to(here) else path)


def installed(executable: Path) -> tuple[str, ...]:
    """List what is installed in the user's environment, as requirements.

    What was installed from a folder, editable or not, is that folder's path. Raises ProgramError.
    """
    try:
        done = subprocess.run(
            [os.fspath(executable), "-c", INSTALLED],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=interpreters.PROBE_TIMEOUT_S,
            check=True,
        )
        found: dict[str, tuple[str, str]] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise ProgramError(
            f"--same-packages: {executable} does not say what is installed: {error}"
        ) from None
    return tuple(
        _requirement(name, version, url)
        for name, (version, url) in sorted(found.items())
        if name.lower() not in NOT_THE_PROGRAMS
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
    prefix = Path(environment.prefix)
    kind = _kind(prefix)
    folders = [prefix / BIN]
    if kind == "conda" and os.name == "nt":
        folders = [prefix, prefix / "Library" / "bin", *folders]
    path = [*map(os.fspath, folders), os.environ.get("PATH", os.defpath)]
    named = {ACTIVE[kind]: environment.prefix} if kind in ACTIVE else {}
    return {**named, "PATH": os.pathsep.join(path)}

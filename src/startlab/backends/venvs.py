"""Virtual environments with what the user's program needs, one for each interpreter here."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

import platformdirs

from startlab.backends import uv
from startlab.errors import AgentError
from startlab.program.secrets import without_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from startlab.model import Environment
    from startlab.program.requirements import Requirements

CACHE: Final = platformdirs.user_cache_path("startlab") / "environments"
INSTALL_S: Final = 1800.0
"""How long uv or pip may take: it may have to compile."""

LAST_LINES: Final = 12
NOT_PASSED_ON: Final = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PIP_USER",
    "PIP_TARGET",
    "PIP_PREFIX",
    "UV_SYSTEM_PYTHON",
)
"""Variables that would make pip or uv install to, or from, somewhere else."""


def python_with(
    requirements: Requirements, environment: Environment, say: Callable[[str], None]
) -> str:
    """Return the Python of a virtual environment of an interpreter; make it if necessary.

    It is reused for the same requirements and interpreter. Raises AgentError with the reason,
    ProgramError for a local project that cannot be copied.
    """
    with tempfile.TemporaryDirectory(prefix=f"startlab-{os.getpid()}-") as folder:
        wanted = requirements.write(Path(folder))
        parts = [wanted, os.path.realpath(environment.executable), environment.python]
        pointer = CACHE / hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
        made = _made(pointer)
        if made is None:
            say(f"Installing what the program needs for {environment.name} ...")
            made = _make(Path(folder), environment, pointer)
    return os.fspath(made)


def _made(pointer: Path) -> Path | None:
    try:
        python = _python(CACHE / pointer.read_text("utf-8"))
    except OSError:
        return None
    return python if python.exists() else None


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _make(wanted: Path, environment: Environment, pointer: Path) -> Path:
    """Make it under a unique name, since it cannot be moved; then write the pointer to it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / f"{environment.name}-{uuid.uuid4().hex[:8]}"
    try:
        if not _with_uv(wanted, environment, folder):
            _create(environment.executable, folder)
            _install(wanted, _python(folder))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    fresh = pointer.with_name(f"{pointer.name}.{os.getpid()}")
    fresh.write_text(folder.name, "utf-8")
    fresh.replace(pointer)
    return _python(folder)


def _with_uv(wanted: Path, environment: Environment, folder: Path) -> bool:
    """Make it by uv; return whether that could do it. If not, pip is tried, and says why."""
    program = uv.find()
    if program is None or not uv.can_install(environment):
        return False
    config = _config_in(wanted)
    variables = uv.variables(config)
    if variables is None:
        return False
    words = ["--requirements", "requirements.txt", "--constraints", "constraints.txt"]
    ways = [
        [program, "venv", "--no-project", "--python", environment.executable, str(folder)],
        [program, "pip", "install", "--python", str(_python(folder)), *words],
    ]
    # Not from here, where a uv.toml may be that is about something else.
    if all(_run(way, variables, cwd=wanted) is None for way in ways):
        return True
    shutil.rmtree(folder, ignore_errors=True)
    return False


def _config_in(wanted: Path) -> Path | None:
    """Give the pip.conf that `Requirements.write` wrote, if one was given."""
    path = wanted / "pip.conf"
    return path if path.stat().st_size else None


def _install(wanted: Path, python: Path) -> None:
    """Install the requirements that `Requirements.write` wrote to a folder. Raises AgentError."""
    words = ["install", "--disable-pip-version-check", "--no-input", "--quiet"]
    words += ["-r", str(wanted / "requirements.txt"), "-c", str(wanted / "constraints.txt")]
    config = _config_in(wanted)
    variables = {} if config is None else {"PIP_CONFIG_FILE": str(config)}
    log = _run([str(python), "-m", "pip", *words], variables)
    if log is not None:
        raise AgentError(f"pip cannot install what the program needs:\n{without_credentials(log)}")


def _create(executable: str, folder: Path) -> None:
    """Create an empty virtual environment. Raises AgentError with the output of each attempt.

    virtualenv needs no ensurepip, which Debian leaves out, but has dropped old Pythons; those have
    venv, or on 2.7 their own virtualenv if it is installed.
    """
    virtualenv = [sys.executable, "-m", "virtualenv", "--quiet", "--no-periodic-update"]
    ways = [
        [*virtualenv, "--python", executable, str(folder)],
        [executable, "-m", "venv", str(folder)],
        [executable, "-m", "virtualenv", str(folder)],
    ]
    logs = []
    for way in ways:
        log = _run(way)
        if log is None:
            return
        logs.append(log.strip().rpartition("\n")[2])
        shutil.rmtree(folder, ignore_errors=True)
    raise AgentError(
        f"cannot make a virtual environment for {executable} ({'; '.join(logs)}); install "
        "virtualenv or ensurepip there"
    )


def _run(
    argv: list[str], variables: Mapping[str, str] | None = None, cwd: Path | None = None
) -> str | None:
    """Run a program to its end; return None on success, else its last lines of output."""
    environ = {key: value for key, value in os.environ.items() if key not in NOT_PASSED_ON}
    environ.update(variables or {})
    try:
        done = subprocess.run(
            argv,
            env=environ,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=INSTALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{argv[0]} did not finish within {INSTALL_S:g} s"
    except OSError as error:
        return f"{argv[0]}: {error.strerror}"
    lines = done.stdout.decode(errors="backslashreplace").splitlines()[-LAST_LINES:]
    return None if done.returncode == 0 else "\n".join(lines)


def clean() -> list[str]:
    """Remove every virtual environment; return what was removed."""
    if not CACHE.exists():
        return []
    shutil.rmtree(CACHE, ignore_errors=True)
    return [f"folder {CACHE}"]

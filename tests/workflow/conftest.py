"""The real workflows, run by act on this machine, with stand-ins for the official actions."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).parents[2]
STAND_INS: Final = Path(__file__).parent / "actions"
USES: Final = re.compile(r"uses: (actions/([\w-]+)@\w+)")
GIT: Final = shutil.which("git") or "git"
RUNNERS: Final = ("ubuntu-24.04", "ubuntu-24.04-arm", "windows-2025", "macos-26")


class Done(NamedTuple):
    """How a workflow ended, what it said, and the artifacts it left."""

    status: int
    output: str
    artifacts: Path

    def artifact(self, name: str) -> list[str]:
        folder = self.artifacts / name
        return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())

    @property
    def summary(self) -> str:
        return (self.artifacts / "report" / "summary.md").read_text("utf-8")


class Repository:
    """A repository of the test's own, whose workflows are run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = 0

    def take(self, *names: str) -> None:
        """Copy what git knows, and what it would, below these names of the checkout."""
        listed = subprocess.run(
            [GIT, "ls-files", "-z", "--cached", "--others", "--exclude-standard", *names],
            cwd=ROOT, check=True, capture_output=True, text=True,
        )  # fmt: skip
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                target = self.folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)

    def commit(self) -> None:
        author = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.org"}
        committer = {"GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@example.org"}
        for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
            subprocess.run(
                [GIT, *command],
                cwd=self.folder, check=True, env=os.environ | author | committer,
            )  # fmt: skip

    def run(self, workflow: str, *options: str, lost: str = "", **variables: str) -> Done:
        """Run a workflow; the artifact that `lost` matches never arrives."""
        self.commit()
        self.runs += 1
        artifacts = self.folder.with_name(f"{self.folder.name}-artifacts-{self.runs}")
        artifacts.mkdir()
        variables |= {"STARTLAB_ARTIFACTS": str(artifacts), "STARTLAB_LOST_ARTIFACT": lost}
        done = subprocess.run(
            [
                shutil.which("act") or "act", "workflow_dispatch", *options,
                "--workflows", f".github/workflows/{workflow}", "--action-offline-mode",
                *(word for label in RUNNERS for word in ("-P", f"{label}=-self-hosted")),
                *(word for uses, name in _official() for word in
                  ("--local-repository", f"{uses}={STAND_INS / name}")),
                *(word for name, value in variables.items() for word in
                  ("--env", f"{name}={value}")),
            ],
            cwd=self.folder, env=_environ(self.folder.parent / "cache"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="backslashreplace", timeout=900, check=False,
        )  # fmt: skip
        print(done.stdout, file=sys.stderr)  # noqa: T201 - pytest shows it where a test fails
        return Done(done.returncode, done.stdout, artifacts)


def _environ(cache: Path) -> dict[str, str]:
    """Give what act and the jobs have: nothing by which they would find this startlab."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return own | {"XDG_CACHE_HOME": str(cache)}


def _official() -> set[tuple[str, str]]:
    """Find which official actions, by which commits, the workflows use."""
    files = [*(ROOT / ".github").rglob("*.yml")]
    return {match.groups() for file in files for match in USES.finditer(file.read_text("utf-8"))}  # type: ignore[misc]


@pytest.fixture
def repository(tmp_path: Path) -> Callable[..., Repository]:
    """Make a repository of what is named of the checkout."""
    if shutil.which("act") is None:
        pytest.skip("there is no act; nox -s workflow installs it")

    def make(*names: str) -> Repository:
        folder = tmp_path / "repository"
        folder.mkdir()
        made = Repository(folder)
        made.take(*names)
        return made

    return make

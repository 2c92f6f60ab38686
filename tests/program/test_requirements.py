"""What pip is to install: read, and written where pip finds it."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from startlab.errors import ProgramError
from startlab.program import requirements
from startlab.program.requirements import Requirements

if TYPE_CHECKING:
    from pathlib import Path


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_a_file_with_those_it_refers_to(tmp_path: Path) -> None:
    three = "three >= 3 ; python_version >= '3.9'"
    put(tmp_path / "sub" / "more.txt", f"-r ../a.txt\n{three}\n-e ./own\n")
    put(tmp_path / "sub" / "own" / "pyproject.toml", "")
    put(tmp_path / "limits.txt", "one<2\n")
    file = put(
        tmp_path / "a.txt",
        "# all\none\ntwo \\\n  ==2 # why\n\n--index-url https://x/#y\n"
        "-r sub/more.txt\n-climits.txt\n"
        "four @ https://x/four.whl\n",
    )
    own = (tmp_path / "sub" / "own").resolve()
    assert requirements.read(file, ["five[x]~=5.0"]) == (
        "one", "two    ==2", "--index-url https://x/#y",
        three, str(own), "-c one<2",
        "four @ https://x/four.whl", "five[x]~=5.0",
    )  # fmt: skip


def test_a_project_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "pyproject.toml", "")
    monkeypatch.chdir(tmp_path)
    assert requirements.read(None, [".", ".[test]"]) == (
        f"{tmp_path.resolve()}", f"{tmp_path.resolve()}[test]",
    )  # fmt: skip


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(
        ProgramError, match=r"--with !!: this is not a requirement: Expected package"
    ):
        requirements.read(None, ["!!"])
    with pytest.raises(ProgramError, match=r"nope\.txt cannot be read: "):
        requirements.read(tmp_path / "nope.txt")
    with pytest.raises(ProgramError, match=r"requirement \./nope: there is no such file or folder"):
        requirements.read(None, ["./nope"])
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(ProgramError, match="binary cannot be read: it is not UTF-8"):
        requirements.read(tmp_path / "binary")


def test_local_projects_are_copied_and_all_is_named_by_its_content(tmp_path: Path) -> None:
    own = tmp_path / "own"
    put(own / "pyproject.toml", "1")
    put(own / "build.log", "")
    put(own / ".gitignore", "*.log")
    wheel = put(tmp_path / "x.whl", "wheel")
    config = put(tmp_path / "pip.conf", "[global]\n")
    wanted = Requirements(lines=("one", f"{own}[test]", str(wheel), "-c one<2"), pip_config=config)
    digests = []
    for name, change in (("a", "1"), ("b", "1"), ("c", "2")):
        folder = tmp_path / name
        folder.mkdir()
        put(own / "pyproject.toml", change)
        digests.append(wanted.write(folder, "/elsewhere"))
    assert digests[0] == digests[1] != digests[2]
    assert (folder / "requirements.txt").read_text() == (
        "one\n/elsewhere/projects/1[test]\n/elsewhere/projects/2/x.whl\n"
    )
    assert (folder / "constraints.txt").read_text() == "one<2\n"
    assert (folder / "pip.conf").read_text() == "[global]\n"
    assert (folder / "projects/2/x.whl").read_text() == "wheel"
    assert sorted(each.name for each in (folder / "projects/1").iterdir()) == [
        ".gitignore", "pyproject.toml",
    ]  # fmt: skip


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
@pytest.mark.parametrize(
    ("tag", "version"), [("v1.4.0rc1", "1.4.0rc1"), ("tool-2.1", "2.1"), ("latest", "0"), ("", "0")]
)
def test_a_copy_of_a_project_says_the_version_that_its_build_asks_git_for(
    tmp_path: Path, tag: str, version: str
) -> None:
    own = tmp_path / "own"
    put(own / "pyproject.toml", '[build-system]\nrequires = ["setuptools-scm[toml]"]\n')
    git = ["git", "-C", str(own), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"], ["tag", tag]):
        if words[-1]:
            subprocess.run([*git, *words], check=True)
    plain = tmp_path / "plain"
    put(plain / "pyproject.toml", '[build-system]\nrequires = ["setuptools"]\n')
    (plain / ".git").mkdir()
    Requirements(lines=(str(own), str(plain))).write(tmp_path)
    about = tmp_path / "projects/0/PKG-INFO"
    assert about.read_text().splitlines() == [
        "Metadata-Version: 2.1", "Name: own", f"Version: {version}",
    ]  # fmt: skip
    assert not (tmp_path / "projects/1/PKG-INFO").exists()

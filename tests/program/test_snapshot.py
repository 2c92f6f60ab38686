"""Which files go with a program, and the copy of them."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from startlab.errors import ProgramError
from startlab.model import Program
from startlab.program import snapshot
from tests import needs

if TYPE_CHECKING:
    from collections.abc import Mapping

UNIX = os.name == "posix"


def fill(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")


def program(root: Path, **said: object) -> Program:
    fields: dict[str, object] = {"kind": "script", "name": "a.py", "target": "a.py"}
    return Program(**(fields | {"root": str(root)} | said))  # type: ignore[arg-type]


def names(root: Path, **said: object) -> list[str]:
    return [file.path for file in snapshot.collect(program(root, **said))]


def test_all_files_but_those_of_caches_version_control_and_runs(tmp_path: Path) -> None:
    never = (".git/x", "__pycache__/x", ".venv/pyvenv.cfg", ".venv/x", "out/journal.jsonl", "out/x")
    fill(tmp_path, dict.fromkeys(["a.py", "b/c.txt", ".env", *never], ""))
    assert names(tmp_path) == [".env", "a.py", "b/c.txt"]


def test_what_a_virtual_environment_consists_of_is_left_out_where_the_program_is_in_it(
    tmp_path: Path,
) -> None:
    needs.links(tmp_path)
    fill(tmp_path, dict.fromkeys(["a.py", "pyvenv.cfg", "lib/python3/os.py", "data/x"], ""))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    assert names(tmp_path) == ["a.py", "data/x", "pyvenv.cfg"]
    assert "lib/python3/os.py" in names(tmp_path, include=("lib",))


def test_gitignore_is_respected_as_git_does(tmp_path: Path) -> None:
    """The nearest file and the last pattern count; above the repository nothing does."""
    fill(
        tmp_path,
        {
            ".gitignore": "*",
            "repo/.git/HEAD": "",
            "repo/.gitignore": "*.log\n/data/\n!keep.log\nbuild",
            "repo/project/a.py": "",
            "repo/project/x.log": "",
            "repo/project/keep.log": "",
            "repo/project/data/here": "not at the top",
            "repo/project/build/x": "",
            "repo/project/sub/.gitignore": "!x.log\n*.py\n",
            "repo/project/sub/x.log": "",
            "repo/project/sub/b.py": "",
        },
    )
    assert names(tmp_path / "repo" / "project") == [
        "a.py", "data/here", "keep.log", "sub/.gitignore", "sub/x.log",
    ]  # fmt: skip


def test_include_overrules_what_is_left_out_and_the_script_is_always_there(tmp_path: Path) -> None:
    fill(tmp_path, dict.fromkeys(["a.py", "b.py", "data/x", "data/y", ".venv/pyvenv.cfg"], ""))
    assert names(tmp_path, exclude=("*",)) == ["a.py"]
    assert names(tmp_path, exclude=("*",), include=("data",)) == ["a.py", "data/x", "data/y"]
    assert names(tmp_path, exclude=("/data/",)) == ["a.py", "b.py"]
    assert ".venv/pyvenv.cfg" in names(tmp_path, include=(".venv",))


def test_what_is_included_beside_the_folder(tmp_path: Path) -> None:
    fill(tmp_path, dict.fromkeys(["code/a.py", "data/x", "other/y"], ""))
    found = names(tmp_path, target="code/a.py", folder="code", include=("data",))
    assert found == ["code/a.py", "data/x"]


def test_links_within_stay_links_and_those_that_lead_out_are_left_out(tmp_path: Path) -> None:
    needs.links(tmp_path)
    root = tmp_path / "root"
    fill(tmp_path, {"root/a.py": "a", "root/d/x": "x", "outside.txt": "o", "folder/y": "y"})
    (root / "within").symlink_to("a.py")
    (root / "folder").symlink_to("d")
    (root / "without").symlink_to("../outside.txt")
    (root / "elsewhere").symlink_to(tmp_path / "folder")
    (root / "nowhere").symlink_to("nothing")
    (root / "ring").symlink_to("ring")
    (root / "by_a_link").symlink_to("without")
    taken = snapshot.Snapshot(program(root))
    try:
        files = taken.files
        assert os.readlink(files / "within") == "a.py"
        assert os.readlink(files / "folder") == "d"
        assert (files / "folder" / "x").read_text() == "x"
        assert os.readlink(files / "ring") == "ring"
        for name in ("without", "elsewhere", "by_a_link"):
            assert not os.path.lexists(files / name)
        assert [each.name for each in taken.left_out] == ["by_a_link", "elsewhere", "without"]
    finally:
        taken.close()


@pytest.mark.parametrize("absolute", [True, False])
def test_include_takes_what_a_link_out_of_the_folder_means(
    tmp_path: Path, *, absolute: bool
) -> None:
    """And nothing else that is beside it, though all have one root then."""
    needs.links(tmp_path)
    fill(tmp_path, dict.fromkeys(["p/a.py", "big/x", "file.txt", "other/y"], "text"))
    for name, target in (("data", "big"), ("file", "file.txt"), ("other", "other")):
        to = tmp_path / target if absolute else Path("..") / target
        (tmp_path / "p" / name).symlink_to(to)
    included = ("big", "file.txt")
    taken = snapshot.Snapshot(program(tmp_path, target="p/a.py", folder="p", include=included))
    try:
        assert (taken.files / "p/data/x").read_text() == "text"
        assert (taken.files / "p/file").read_text() == "text"
        assert taken.left_out == [tmp_path / "p" / "other"]
        assert not (taken.files / "other").exists()
    finally:
        taken.close()


def test_a_bad_pattern_is_told_and_one_of_gitignore_is_passed_over_as_git_does(
    tmp_path: Path,
) -> None:
    fill(tmp_path, {"a.py": "", "x.log": "", ".gitignore": "!\n*.log\na\\\n"})
    assert names(tmp_path) == [".gitignore", "a.py"]
    for pattern in ("!", "a\\"):
        with pytest.raises(ProgramError, match="that is no pattern"):
            names(tmp_path, exclude=(pattern,))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="such files are those of a Unix")
@pytest.mark.parametrize(
    "pattern", ["*" * 5000 + "a", "*a" * 500 + "b", "x" * 3_000_000], ids=["stars", "*a", "long"]
)
def test_a_pattern_that_would_be_matched_forever_is_passed_over(
    tmp_path: Path, pattern: str
) -> None:
    fill(tmp_path, {"a" * 200: "", "x.log": "", ".gitignore": f"*.log\n{pattern}\n"})
    assert names(tmp_path) == [".gitignore"] + ["a" * 200] * (pattern[:2] != "**")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="such files are those of a Unix")
def test_a_gitignore_that_is_no_file_is_none(tmp_path: Path) -> None:
    fill(tmp_path, {"a.py": "", "b/x": "", "c/y": ""})
    os.mkfifo(tmp_path / ".gitignore")
    (tmp_path / "b" / ".gitignore").symlink_to("/dev/zero")
    assert names(tmp_path) == ["a.py", "b/x", "c/y"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="such files are those of a Unix")
def test_what_is_no_file_stays_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, {"a.py": ""})
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert names(tmp_path) == ["a.py"]


def test_a_snapshot_is_a_copy_and_its_digest_names_the_content(tmp_path: Path) -> None:
    odd = "ö b\nc" if UNIX else "ö b c"
    fill(tmp_path, {"a.py": "1", f"{odd}/x": "2"})
    (tmp_path / "a.py").chmod(0o755)
    first = snapshot.Snapshot(program(tmp_path, cwd="empty/folder"))
    (tmp_path / "a.py").write_text("changed")
    second = snapshot.Snapshot(program(tmp_path))
    (tmp_path / "a.py").write_text("1")
    third = snapshot.Snapshot(program(tmp_path))
    try:
        assert (first.files / "a.py").read_text() == "1"
        assert (first.files / odd / "x").read_text() == "2"
        if UNIX:
            assert (first.files / "a.py").stat().st_mode & 0o777 == 0o755
            assert (first.files / odd / "x").stat().st_mode & 0o777 == 0o644
        assert (first.files / "empty" / "folder").is_dir()
        assert first.digest == third.digest != second.digest
    finally:
        for each in (first, second, third):
            each.close()
            assert not each.folder.exists()


def test_sources_are_the_main_file_then_what_is_near_as_long_as_they_are_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, {"z/a.py": "main", "b.py": "x" * 10, "c/d/e.py": "12", "f.py": "3", "g.txt": ""})
    monkeypatch.setattr(snapshot, "MOST_SOURCES", 8)
    taken = snapshot.Snapshot(program(tmp_path, target="z/a.py"))
    try:
        found = taken.sources("z/a.py")
    finally:
        taken.close()
    assert list(found.items()) == [("z/a.py", "main"), ("f.py", "3"), ("c/d/e.py", "12")]


def test_what_is_beside_the_main_file_or_below_it_comes_before_the_rest_of_a_project(
    tmp_path: Path,
) -> None:
    fill(
        tmp_path, {"b.py": "1", "z/a.py": "main", "z/in/c.py": "2", "z/d.py": "3", "zoo/e.py": "4"}
    )
    taken = snapshot.Snapshot(program(tmp_path, target="z/a.py"))
    try:
        found = list(taken.sources("z/a.py"))
    finally:
        taken.close()
    assert found == ["z/a.py", "z/d.py", "z/in/c.py", "b.py", "zoo/e.py"]


def test_a_file_that_cannot_be_read_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    fill(tmp_path, {"a.py": "1"})
    before = set(Path(tempfile.gettempdir()).glob(f"startlab-{os.getpid()}-*"))
    with pytest.raises(ProgramError, match="nope cannot be read: No such file"):
        snapshot.Snapshot(program(tmp_path, stdin=str(tmp_path / "nope")))
    assert set(Path(tempfile.gettempdir()).glob(f"startlab-{os.getpid()}-*")) == before


def test_too_much_names_the_largest_folders_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, {"a.py": "", "small/x": "x" * 10, "data/large/x": "x" * 2_000_000})
    fill(tmp_path, {"data/largest/x": "x" * 3_000_000})
    monkeypatch.setattr(snapshot, "MOST_BYTES", 4_000_000)
    with pytest.raises(ProgramError) as error:
        names(tmp_path)
    said = str(error.value)
    assert "with the program: 5 MB in 4 files" in said
    assert "The largest: data/largest/ (3 MB), data/large/ (2 MB), small/ (0 MB)" in said
    assert "--exclude '*' --include PATH" in said
    assert names(tmp_path, exclude=("largest",)) == ["a.py", "data/large/x", "small/x"]


def test_a_script_in_too_large_a_folder_goes_with_what_is_beside_it_and_what_it_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = {"a.py": "import b, os\nfrom c.d import x", "b.py": "", "c/__init__.py": "import e.f"}
    fill(tmp_path, code | {"c/d.py": "", "c/rates.csv": "", "e/__init__.py": "", "e/f.py": ""})
    fill(tmp_path, {"data.csv": "1", ".secret": "", "film": "x" * 300, "large/x": "x" * 2000})
    fill(tmp_path, {"other/__init__.py": "", "g/x": ""})
    monkeypatch.setattr(snapshot, "MOST_BYTES", 1000)
    monkeypatch.setattr(snapshot, "MOST_BYTES_BESIDE", 200)
    beside = ["a.py", "b.py", "c/__init__.py", "c/d.py", "c/rates.csv", "data.csv"]
    beside += ["e/__init__.py", "e/f.py"]
    for include, more in ((), []), (("g",), ["g/x"]):
        with closing(snapshot.Snapshot(program(tmp_path, include=include))) as taken:
            there = [each for each in taken.files.rglob("*") if each.is_file()]
            found = sorted(each.relative_to(taken.files).as_posix() for each in there)
            assert found == [*beside, *more]
            assert taken.too_large == "0 MB in 13 files"
    with pytest.raises(ProgramError):
        snapshot.Snapshot(program(tmp_path, exclude=("other",)))
    with pytest.raises(ProgramError):
        snapshot.Snapshot(program(tmp_path, kind="command"))
    (tmp_path / "pyproject.toml").touch()
    with pytest.raises(ProgramError):
        snapshot.Snapshot(program(tmp_path))


def test_too_many_files_end_the_look_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, {f"{number:03}": "" for number in range(200)})
    monkeypatch.setattr(snapshot, "MOST_FILES", 20)
    monkeypatch.setattr(snapshot, "LOOK_ON_S", 0.0)
    with pytest.raises(ProgramError, match=r"at least 0 MB in 2\d files"):
        names(tmp_path)

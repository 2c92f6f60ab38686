"""What a command line means, and the messages for usage errors."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

import pytest

from startlab.errors import ProgramError
from startlab.program import arguments, snapshot

UNIX = os.name == "posix"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory, in which there is no project."""
    folder = tmp_path.resolve() / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def put(path: Path, text: str = "print('hello')\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


# --- what goes with a program, and where it runs -----------------------------------------------


def test_a_scripts_folder_goes_with_it_and_it_runs_where_the_person_stands(here: Path) -> None:
    put(here / "a.py")
    program = arguments.understand(["a.py", "-v", "--", "x y"])
    assert (program.kind, program.name, program.target) == ("script", "a.py", "a.py")
    assert (program.root, program.folder, program.cwd) == (str(here), ".", ".")
    assert program.argv == ("python", "a.py", "-v", "--", "x y")
    assert program.command == "python a.py -v -- 'x y'"


def test_a_script_elsewhere_runs_in_its_own_folder(here: Path) -> None:
    script = put(here.parent / "there" / "a.py")
    program = arguments.understand([str(script)])
    assert (program.root, program.cwd, program.target) == (str(script.parent), ".", "a.py")


def test_the_nearest_projects_folder_goes_with_a_script_in_it(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(here / "pyproject.toml", "[project]\nrequires-python = '>=3.9,<3.14'\n")
    put(here / "src" / "tools" / "a.py")
    program = arguments.understand(["src/tools/a.py"])
    assert (program.root, program.cwd, program.target) == (str(here), ".", "src/tools/a.py")
    assert program.requires_python == "<3.14,>=3.9"
    monkeypatch.chdir(here / "src")
    program = arguments.understand(["tools/a.py"])
    assert (program.root, program.cwd, program.target) == (str(here), "src", "src/tools/a.py")
    assert program.argv == ("python", "tools/a.py")


@pytest.mark.parametrize("mark", ["setup.py", "setup.cfg", ".git"])
def test_a_project_without_pyproject_and_a_repository_go_with_a_script_too(
    here: Path, mark: str
) -> None:
    put(here / "tools" / "a.py")
    assert arguments.understand(["tools/a.py"]).folder == "."
    assert arguments.understand(["tools/a.py"]).root == str(here / "tools")
    put(here / mark)
    program = arguments.understand(["tools/a.py"])
    assert (program.root, program.cwd, program.target) == (str(here), ".", "tools/a.py")


def test_a_repository_of_all_that_is_at_home_is_no_project(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("USERPROFILE", str(here))
    put(here / ".git")
    put(here / "tools" / "a.py")
    assert arguments.understand(["tools/a.py"]).root == str(here / "tools")


@pytest.mark.parametrize("mark", ["setup.py", ".git"])
def test_what_is_too_large_does_not_go_with_a_script(
    here: Path, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    put(here / mark)
    put(here / "data" / "large.txt", "x" * 100)
    put(here / "tools" / "a.py")
    monkeypatch.setattr(snapshot, "MOST_BYTES", 99)
    assert arguments.understand(["tools/a.py"]).folder == "."
    assert arguments.understand(["tools/a.py"]).root == str(here / "tools")
    assert arguments.understand(["tools/a.py"], exclude=["data/"]).root == str(here)


@pytest.mark.parametrize(
    "text", ["not toml [", "[project]\nrequires-python = 'x'", "project = 3", "[project]"]
)
def test_a_project_that_does_not_say_its_pythons_supports_all(here: Path, text: str) -> None:
    put(here / "pyproject.toml", text)
    put(here / "a.py")
    assert arguments.understand(["a.py"]).requires_python == ""


def test_what_is_included_keeps_its_place_beside_the_program(here: Path) -> None:
    put(here / "code" / "a.py")
    put(here / "data" / "b.csv")
    program = arguments.understand(["code/a.py"], include=[Path("data")])
    assert (program.root, program.folder, program.cwd) == (str(here), "code", ".")
    assert program.include == ("data",)
    assert program.target == "code/a.py"


@pytest.mark.usefixtures("here")
def test_drives_have_no_folder_in_common(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "a.py").write_text("")
    (here / "data").mkdir()

    def commonpath(_: object) -> str:  # as ntpath has it of C:\\ and D:\\
        raise ValueError("Paths don't have the same drive")

    monkeypatch.setattr("startlab.program.arguments.os.path.commonpath", commonpath)
    with pytest.raises(ProgramError, match="are on different drives"):
        arguments.understand(["a.py"], include=[Path("data")])


def test_a_module_runs_where_the_person_stands() -> None:
    program = arguments.understand(["-m", "package.module", "-m", "x"])
    assert (program.kind, program.name, program.cwd) == ("module", "package.module", ".")
    assert program.argv == ("python", "-m", "package.module", "-m", "x")


def test_python_m_is_a_module() -> None:
    program = arguments.understand(["--", "python", "-m", "pytest", "-q"])
    assert program == arguments.understand(["-m", "pytest", "-q"])


def test_a_command_is_resolved_later_and_a_path_is_a_script(here: Path) -> None:
    program = arguments.understand(["--", "pytest", "tests/test_x.py"])
    assert (program.kind, program.argv) == ("command", ("pytest", "tests/test_x.py"))
    put(here / "manage.py")
    assert arguments.understand(["--", "./manage.py", "test"]).kind == "script"
    assert arguments.understand(["--", "manage.py", "test"]).kind == "script"


@pytest.mark.parametrize(
    "name",
    [
        "a b.py",
        "it's.py",
        "größe.py",
        "$(x).py",
        "-x.py",
        *(['say "x".py', "two\nlines.py"] * UNIX),
    ],
)
def test_any_name(here: Path, name: str) -> None:
    put(here / name)
    program = arguments.understand([f"./{name}"])
    said = f"./{name}" if name.startswith("-") else name  # python has options, too
    assert (program.name, program.target, program.argv[1]) == (name, name, said)


def test_a_folder_and_a_zip_file_with_a_main_module_are_programs(here: Path) -> None:
    put(here / "app" / "__main__.py")
    assert arguments.understand(["app"]).target == "."
    with zipfile.ZipFile(here / "app.pyz", "w") as archive:
        archive.writestr("__main__.py", "print(1)")
    assert arguments.understand(["app.pyz"]).target == "app.pyz"


def test_what_it_reads_and_should_print(here: Path) -> None:
    put(here / "a.py")
    stdin = put(here / "in.txt", "x")
    stdout = here / "out.txt"
    stdout.write_bytes(b"y\r\n")  # outputs are compared with newlines alone, on Windows too
    program = arguments.understand(["a.py"], stdin=stdin, stdout=stdout)
    assert (program.stdin, program.stdout) == (str(stdin), "y\n")


# --- mistakes ----------------------------------------------------------------------------------


def refused(*words: str, **said: object) -> str:
    with pytest.raises(ProgramError) as error:
        arguments.understand(words, **said)  # type: ignore[arg-type]
    return str(error.value)


def test_a_file_that_is_not_there(here: Path) -> None:
    put(here / "package" / "module.py")
    assert refused("a.py") == "There is no file a.py."
    assert refused("x/a.py") == "There is no file x/a.py."
    assert refused("python a.py") == (
        "There is no file python a.py. To run a command: startlab run -- python a.py"
    )
    assert refused("pytest", "x") == (
        "There is no file pytest. To run a command: startlab run -- pytest x"
    )
    assert refused("package.module", "3").endswith(
        "To run the module: startlab run -m package.module 3"
    )


def test_what_is_not_python(here: Path) -> None:
    (here / "binary").write_bytes(b"\x7fELF\0\0")
    (here / "binary.py").write_bytes(b"\0\0")
    put(here / "shell", "#!/bin/sh\necho\n")
    put(here / "prose.txt", "Once upon a time")
    (here / "plain.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    assert refused("binary") == "binary is not Python: it contains binary data."
    assert refused("binary.py") == "binary.py is not Python: it contains binary data."
    assert refused("shell") == "shell is not Python: its first line names /bin/sh."
    assert "does not look like Python" in refused("prose.txt")
    assert refused("plain.zip") == "plain.zip is a zip file without a __main__.py."


@pytest.mark.parametrize("text", ["print 'Python 2'\n", "match 1:\n    case 1: pass\n", "("])
def test_syntax_that_only_some_pythons_have_is_no_mistake(here: Path, text: str) -> None:
    put(here / "a.py", text)
    put(here / "b", f"#!/usr/bin/env python3\n{text}")
    assert arguments.understand(["a.py"]).target == "a.py"
    assert arguments.understand(["b"]).target == "b"


def test_a_folder(here: Path) -> None:
    (here / "folder").mkdir()
    assert "is a folder without a __main__.py" in refused("folder")


def test_a_file_that_may_not_be_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    put(here / "a.py")
    monkeypatch.setattr(Path, "open", denied)  # root may read everything
    assert refused("a.py") == "a.py cannot be read: Permission denied."


@pytest.mark.usefixtures("here")
def test_nothing_to_run() -> None:
    for words in ([], ["-m"], ["--"]):
        assert "Nothing to run" in refused(*words)
    assert "not a module name" in refused("-m", "a.py/")


def test_words_that_no_system_takes(here: Path) -> None:
    put(here / "a.py")
    assert "NUL" in refused("a.py", "x\0y")
    assert "not UTF-8" in refused("a.py", "\udcff")
    assert "NUL" in refused("a.py", env={"A": "\0"})


def test_modules_below_src_are_found(here: Path) -> None:
    put(here / "pyproject.toml")
    put(here / "src" / "package" / "tool.py")
    assert arguments.understand(["-m", "package.tool"]).pythonpath == "src"
    put(here / "tests" / "a.py")
    assert arguments.understand(["tests/a.py"]).pythonpath == "src"
    assert arguments.understand(["-m", "package"], requirements=["x"]).pythonpath == "src"
    found = arguments.understand(["-m", "package"], requirements=[f"{here}[x]", "y"])
    assert not found.pythonpath
    put(here / "src" / "package" / "__init__.py")
    found = arguments.understand(["-m", "package"], requirements=[f"{here}[x]", "y"])
    assert found.installed == {"package": "src/package"}
    assert not arguments.understand(["-m", "package"], requirements=["y"]).installed
    assert not arguments.understand(["-m", "package"], env={"PYTHONPATH": "lib"}).pythonpath
    put(here / "src" / "__init__.py")
    assert not arguments.understand(["-m", "package"]).pythonpath


def test_other_files_that_are_not_there(here: Path) -> None:
    put(here / "a.py")
    assert re.match("--stdin nope: there is no", refused("a.py", stdin=Path("nope")))
    assert re.match("--expect-stdout nope: there", refused("a.py", stdout=Path("nope")))
    assert re.match("--include nope: there is no", refused("a.py", include=[Path("nope")]))
    assert refused("a.py", stdin=Path()) == "--stdin . is not a file."


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "text", ["[project]\nrequires-python = [1]", "x = " + DEEP, "project = 1", "\0"]
)
def test_a_project_that_says_nothing_of_its_pythons_says_nothing(here: Path, text: str) -> None:
    put(here / "a.py")
    (here / "pyproject.toml").write_text(text, "utf-8")
    assert arguments.understand(["a.py"]).requires_python == ""


def test_a_broken_zip_is_told(here: Path) -> None:
    with zipfile.ZipFile(here / "app.pyz", "w") as archive:
        archive.writestr("__main__.py", "print(1)")
    data = (here / "app.pyz").read_bytes()
    at = data.index(b"PK\1\2")
    (here / "app.pyz").write_bytes(data[:at] + b"XX" + data[at + 2 :])
    with pytest.raises(ProgramError, match=r"app\.pyz is a zip file that cannot be read"):
        arguments.understand(["app.pyz"])


def test_a_source_that_is_nested_too_deeply_for_this_python_may_be_one(here: Path) -> None:
    (here / "deep").write_text("x = " + "(" * 150 + "1" + ")" * 150, "utf-8")
    (here / "deeper").write_text("x = " + "-" * 100_000 + "1", "utf-8")
    for name in ("deep", "deeper"):
        assert arguments.understand([name]).name == name


def test_a_slip_in_a_name_is_told_with_the_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("print(1)\n", "utf-8")
    for word in ("a.pyy", *["A.PY"] * UNIX):
        assert refused(word) == f"There is no file {word}. Did you mean a.py?"
    assert refused("-m", "a.py") == ("-m a.py: this is a file. To run it: startlab run a.py")


@pytest.mark.parametrize("text", ["{'cells': []}", "requests\n", "", "[1, [2]]"])
def test_what_is_only_a_value_is_no_program(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").write_text(text, "utf-8")
    assert "does not look like Python" in refused("data")

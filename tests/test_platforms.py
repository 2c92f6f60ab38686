"""What differs from machine to machine: encodings of consoles, paths, the ends of lines."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import startlab
from startlab import catalogue
from startlab.program import snapshot
from startlab.program.arguments import understand
from startlab.results import journal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Run, Trial

pytestmark = pytest.mark.native

OWN = f"host-{sys.version_info[0]}.{sys.version_info[1]}"
METHOD: Any = min(multiprocessing.get_all_start_methods())
EXPERIMENT = catalogue.ROOT / "missing_main_guard"


def command(words: Sequence[str], cwd: Path, **environ: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "startlab", *words],
        cwd=cwd,
        env=os.environ
        | {"PYTHONPATH": str(Path(journal.__file__).parents[2]), "COLUMNS": "120"}
        | environ,
        capture_output=True,
        timeout=300,
        check=False,
    )


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str, **env: str) -> Run:
    monkeypatch.chdir(folder)
    return startlab.run(
        words, backend="native", environments=[OWN], methods=[METHOD], env=env, explain="off"
    )


# --- consoles ------------------------------------------------------------------------------------


@pytest.mark.targets
def test_doctor_marks_what_is_there_by_what_a_console_can_show(tmp_path: Path) -> None:
    done = command(["doctor"], tmp_path, PYTHONIOENCODING="cp1252")
    assert done.stdout.startswith(b"+  cores ")


@pytest.mark.targets
@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii", "cp932", "utf-16-le"])
def test_what_a_console_cannot_show_is_no_error(encoding: str, tmp_path: Path) -> None:
    """Tables have ✓ and ×, which most of them lack."""
    words = ["lab", "--backend", "native", "-e", OWN, "-x", "countdown", "-m", METHOD]
    done = command(words, tmp_path, PYTHONIOENCODING=encoding)
    said, told = done.stdout.decode(encoding), done.stderr.decode(encoding)
    assert done.returncode == 0, told
    assert "1 cell in" in said
    assert "all as expected" in said
    assert "Traceback" not in told


def test_a_reader_of_an_old_console_sees_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "à.py").write_text("raise KeyError('é ∞')", "utf-8")
    words = ["run", "--backend", "native", "--env", OWN, "--method", METHOD, "à.py"]
    done = command(words, tmp_path, PYTHONIOENCODING="cp1252")
    assert done.returncode == 1, done.stderr
    assert "KeyError: 'é \\u221e'" in done.stdout.decode("cp1252")


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "utf-16-le"])
def test_a_program_may_print_in_any_encoding(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.py").write_text("print('café')", "utf-8")
    (trial,) = run(tmp_path, monkeypatch, "a.py", PYTHONIOENCODING=encoding).trials
    assert trial.outcome == "ok"
    if encoding == "cp1252":  # that of Windows, in Europe
        assert trial.stdout in ("café\n", "caf\\xe9\n")


# --- paths ---------------------------------------------------------------------------------------


def test_folders_have_spaces_and_letters_that_are_not_ascii(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "Zoë's programs (old)" / "µ & %PATH%"
    folder.mkdir(parents=True)
    (folder / "data").write_text("data", "utf-8")
    (folder / "a b.py").write_text("import sys; print(open('data').read(), sys.argv[1])", "utf-8")
    (trial,) = run(folder, monkeypatch, "a b.py", 'say "%TEMP%" \\').trials
    assert (trial.outcome, trial.stdout) == ("ok", 'data say "%TEMP%" \\\n')


def test_scratch_folders_may_be_in_such_a_folder(tmp_path: Path) -> None:
    scratch = tmp_path / "Zoë's temporary files"
    scratch.mkdir()
    words = ["lab", "--backend", "native", "-e", OWN, "-x", "countdown", "-x", EXPERIMENT.name]
    variables = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
    done = command(words, tmp_path, PYTHONIOENCODING="utf-8", **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(scratch.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a current directory has 258 characters there")
def test_a_program_may_lie_deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path.joinpath(*["a folder with a long name, as tools make them" * 2] * 4)
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    assert len(str(folder)) > 260
    (folder / "a.py").write_text("import os; print(os.listdir('.'))", "utf-8")
    (trial,) = run(folder, monkeypatch, "a.py").trials
    assert (trial.outcome, trial.stdout) == ("ok", "['a.py']\n")


# --- the ends of lines ---------------------------------------------------------------------------


def with_crlf(folder: Path) -> None:
    for file in folder.iterdir():
        if file.is_file():
            file.write_bytes(file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


def test_an_experiment_is_the_same_with_both(tmp_path: Path) -> None:
    for name in ("unix", "windows"):
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(EXPERIMENT, tmp_path / name / EXPERIMENT.name, ignore=skip)
    with_crlf(tmp_path / "windows" / EXPERIMENT.name)
    assert catalogue.load(tmp_path / "windows") == catalogue.load(tmp_path / "unix")
    assert catalogue.digest(tmp_path / "windows") == catalogue.digest(tmp_path / "unix")


def test_a_program_may_have_crlf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_bytes(b"if True:\r\n    text = '''a\r\nb'''\r\nprint(text)\r\n")
    (trial,) = run(tmp_path, monkeypatch, "a.py").trials
    assert (trial.outcome, trial.stdout) == ("ok", "a\nb\n")


def test_a_gitignore_may_have_crlf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_bytes(b"")
    (tmp_path / "b.log").write_bytes(b"")
    (tmp_path / ".gitignore").write_bytes(b"# of mine\r\n*.log\r\n")
    monkeypatch.chdir(tmp_path)
    program = understand(["a.py"])
    assert [file.path for file in snapshot.collect(program)] == [".gitignore", "a.py"]


def test_output_with_crlf_is_the_same_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Trial] = []
    for end in ("\\n", "\\r\\n"):
        program = f"import sys; sys.stdout.buffer.write(b'one{end}two{end}')"
        (tmp_path / "a.py").write_text(program, "utf-8")
        said += run(tmp_path, monkeypatch, "a.py").trials
    assert {trial.stdout for trial in said} == {"one\ntwo\n"}
    assert len({trial.stdout_digest for trial in said}) == 1

"""How commands end where something outside of startlab is not as it should be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from startlab.model import SCHEMA_VERSION
from startlab.results import journal
from tests import needs

pytestmark = [pytest.mark.native, *needs.ONCE_ON_LINUX]

OWN = f"host-{sys.version_info[0]}.{sys.version_info[1]}"
LAB = ["lab", "--backend", "native", "--env", OWN, "-x", "countdown", "-m", "spawn"]
FULL: Final = Path("/dev/full")

unix = pytest.mark.skipif(sys.platform == "win32", reason="such streams are those of a Unix")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")


def startlab(
    folder: Path, *args: str, before: str = "", **said: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command; `before` is run in its process before anything of startlab is imported."""
    environ = os.environ | {
        "PYTHONPATH": str(Path(journal.__file__).parents[2]), "COLUMNS": "120", "NO_COLOR": "1",
        "PYTHONIOENCODING": "utf-8",
    } | said.pop("env", {})  # fmt: skip
    code = f"{before}\nfrom startlab.cli import main\nmain()"
    said = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | said
    return subprocess.run(
        [sys.executable, "-c", code, *args],
        cwd=folder, env=environ, encoding="utf-8", timeout=120, check=False,
        stdin=subprocess.DEVNULL, **said,
    )  # fmt: skip


def is_one_message(done: subprocess.CompletedProcess[str], *texts: str, status: int = 2) -> bool:
    assert done.returncode == status, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("startlab: "), done.stderr
    assert all(text in done.stderr for text in texts), done.stderr
    return True


@needs_full
@pytest.mark.parametrize(
    "args", [["list"], ["list", "--json"], ["--help"], ["--version"], ["report", "--json", "-"]]
)
def test_a_full_stdout_is_one_message(tmp_path: Path, args: list[str]) -> None:
    if args[0] == "report":
        assert startlab(tmp_path, *LAB).returncode == 0
    with FULL.open("w") as full:
        done = startlab(tmp_path, *args, stdout=full)
    assert is_one_message(done, "stdout cannot be written: No space left on device. The disk is")


@needs_full
def test_a_full_stderr_changes_nothing(tmp_path: Path) -> None:
    with FULL.open("w") as full:
        done = startlab(tmp_path, *LAB, stderr=full)
        assert (done.returncode, "all as expected" in done.stdout) == (0, True)
        assert startlab(tmp_path, "bogus", stderr=full).returncode == 2


@unix
@pytest.mark.parametrize("args", [["list"], ["--help"], LAB], ids=["list", "help", "lab"])
def test_a_closed_stdout_is_quiet(tmp_path: Path, args: list[str]) -> None:
    """And no file that is opened then gets its number, and with it what is printed."""
    done = startlab(tmp_path, *args, before="import os, sys; os.close(1); sys.stdout = None")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    if args == LAB:
        assert journal.read(tmp_path / ".startlab" / "latest").damaged_lines == 0


@unix
@pytest.mark.parametrize("args", [["list"], ["--help"]])
def test_a_stdout_that_nobody_reads_is_quiet(tmp_path: Path, args: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = startlab(tmp_path, *args, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


AT_IMPORT: Final = """
import signal, sys
class Finder:
    def find_spec(self, name, *_):
        if name == {module!r}:
            signal.raise_signal(signal.{name})
sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize("module", ["click", "rich", "startlab.errors", "startlab.cli.ending"])
def test_ctrl_c_is_one_line_even_while_all_is_imported(tmp_path: Path, module: str) -> None:
    before = AT_IMPORT.format(name="SIGINT", module=module)
    done = startlab(tmp_path, "doctor", before=before)
    assert (done.returncode, done.stderr, done.stdout) == (130, "Interrupted.\n", "")


def test_a_ctrl_c_that_python_would_pass_over_comes_again(tmp_path: Path) -> None:
    """One that comes in a callback, as that of a weak reference, is printed and forgotten."""
    before = """
import signal, weakref
import startlab.cli.commands
class Kept: pass
def look(*_, **__):
    kept = Kept()
    reference = weakref.ref(kept, lambda _: signal.raise_signal(signal.SIGINT))
    del kept
    while True: pass
startlab.cli.commands.cli.main = look
"""
    done = startlab(tmp_path, "list", before=before)
    assert (done.returncode, done.stderr) == (130, "Interrupted.\n")


@unix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_job_that_is_cancelled_ends_as_by_ctrl_c(tmp_path: Path, name: str) -> None:
    """Its containers, processes and folders go with it."""
    heeded = f"import signal; signal.signal(signal.{name}, signal.SIG_DFL)\n"  # under nohup, too
    before = heeded + AT_IMPORT.format(name=name, module="startlab.cli.ending")
    done = startlab(tmp_path, "doctor", before=before)
    assert (done.returncode, done.stderr, done.stdout) == (130, "Interrupted.\n", "")


@unix
def test_under_nohup_a_terminal_may_be_closed(tmp_path: Path) -> None:
    ignored = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    before = ignored + AT_IMPORT.format(name="SIGHUP", module="startlab.cli.ending")
    assert startlab(tmp_path, "list", before=before).returncode == 0


@unix
def test_a_working_directory_that_is_gone_is_one_message(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = startlab(gone, "run", "a.py", before="import os; os.rmdir(os.getcwd())")
    assert is_one_message(done)
    leave = f"import os; os.mkdir({str(gone)!r}); os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})"
    done = startlab(tmp_path, "run", "--", "x", before=leave)
    assert is_one_message(done, "the working directory: No such file or directory.")


BAD_PLACES = [
    ("x" * 300, "File name too long"),
    pytest.param("/dev/null", "/dev/null", marks=pytest.mark.wide),
    pytest.param("/dev/null/x", "/dev/null", marks=pytest.mark.wide),
    pytest.param("/proc/x", "/proc/x", marks=pytest.mark.wide),
    ("file/x", "file"),
]


@unix
@pytest.mark.parametrize(("out", "text"), BAD_PLACES)
def test_a_folder_that_cannot_be_written_is_one_message(
    tmp_path: Path, out: str, text: str
) -> None:
    if out.startswith("/proc") and not Path("/proc/self").exists():
        pytest.skip("there is no /proc")
    (tmp_path / "file").touch()
    for more in ([], ["--resume"]):
        done = startlab(tmp_path, *LAB, "--out", out, *more)
        assert done.returncode == 2, done.stderr
        assert text in done.stderr
        assert "Traceback" not in done.stderr


def test_a_file_where_runs_are_to_be_is_one_message(tmp_path: Path) -> None:
    (tmp_path / ".startlab").touch()
    assert is_one_message(startlab(tmp_path, *LAB), ".startlab")


def test_a_folder_where_the_last_run_is_named_is_one_message(tmp_path: Path) -> None:
    (tmp_path / ".startlab" / "latest").mkdir(parents=True)
    assert is_one_message(startlab(tmp_path, *LAB), "latest is a folder", "move it away")


def test_a_file_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = startlab(
        tmp_path, "plan", "--backend", "native", "-e", OWN, "-x", "countdown", "--cells", "no/file"
    )
    assert is_one_message(done, f"{Path('no/file')}: No such file or directory. It is not there")


@pytest.mark.parametrize(
    "env",
    [{"DOCKER_HOST": "tcp://127.0.0.1:99999"}, {"DOCKER_CONFIG": "."}],
    ids=["port", "config.json"],
)
def test_settings_of_docker_that_cannot_be_read_are_one_message(
    tmp_path: Path, env: dict[str, str]
) -> None:
    (tmp_path / "config.json").write_text("[]")
    if "DOCKER_CONFIG" in env:
        env = env | {"DOCKER_HOST": "tcp://127.0.0.1:1"}
    done = startlab(tmp_path, "images", "list", env=env)
    assert is_one_message(done, "No Docker engine", status=3)


def test_a_place_of_interpreters_that_cannot_be_looked_into_is_passed_over(tmp_path: Path) -> None:
    """A name that is too long is refused even for root, who may read all."""
    env = {"PYENV_ROOT": "/" + "x" * 5000, "ASDF_DATA_DIR": "/" + "x" * 5000}
    done = startlab(tmp_path, *LAB, env=env)
    assert done.returncode == 0, done.stderr


def test_a_failure_that_nobody_foresaw_is_one_message_and_shows_where_if_asked(
    tmp_path: Path,
) -> None:
    before = "import startlab.plan.environments as e; e.platform_name = lambda: int('x')"
    args = ["plan", "--platform", "auto", "--backend", "native"]
    assert is_one_message(startlab(tmp_path, *args, before=before), "ValueError: invalid literal")
    done = startlab(tmp_path, *args, before=before, env={"STARTLAB_TRACEBACK": "1"})
    assert "Traceback (most recent call last)" in done.stderr


def test_reports_that_cannot_be_written_are_no_success(tmp_path: Path) -> None:
    (tmp_path / "run" / "junit.xml").mkdir(parents=True)
    done = startlab(tmp_path, *LAB, "--out", "run")
    assert (done.returncode, "all as expected" in done.stdout) == (2, True)
    why = "Is a directory" if os.name == "posix" else "Permission denied"
    assert f"junit.xml could not be written: {why}" in done.stderr


@unix
def test_a_disk_that_is_full_is_one_message_and_resume_completes_the_run(tmp_path: Path) -> None:
    """As the limit of a file's size is, by which a write fails in the middle of a line.

    The agent has it too, and writes files of up to 40 kB: an argument makes the journal larger.
    """
    (tmp_path / "a.py").write_text("print(1)\n")
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (68000, 68000))"
    args = ["--backend", "native", "--env", OWN, "--method", "spawn", "--out", "run"]
    done = startlab(tmp_path, "run", *args, "--trials", "20", "a.py", "x" * 60_000, before=limit)
    assert done.returncode == 2, done.stderr
    assert "journal.jsonl cannot be written: File too large" in done.stderr
    assert "finish the run with --resume --out run" in done.stderr
    assert "Traceback" not in done.stderr
    done = startlab(tmp_path, "run", "--resume", "--out", "run")
    assert done.returncode == 0, done.stderr
    run = journal.read(tmp_path / "run")
    assert (len(run.trials), run.damaged_lines) == (20, 1)


def test_what_a_message_quotes_cannot_act_on_a_terminal_or_a_ci_system(tmp_path: Path) -> None:
    """A name that is given, and a journal from elsewhere."""
    done = startlab(tmp_path, "report", "\u202ex\x1b[2J")
    assert is_one_message(done, r"\u202ex\x1b[2J is not a run")
    run = tmp_path / "run"
    run.mkdir()
    header = {
        "kind": "run", "id": "a", "schema_version": SCHEMA_VERSION, "startlab": "1",
        "catalogue": "c", "started": "s", "backend": "native", "selection": {},
        "caveats": ["\x1b[2J\n::error::x\u202e"],
    }  # fmt: skip
    (run / journal.NAME).write_text(json.dumps(header) + "\n", "utf-8")
    for more in ([], ["--markdown", "-"], ["--junit", "report.xml"]):
        done = startlab(tmp_path, "report", "run", *more)
        for stream in (done.stdout, done.stderr):
            assert all(line.isprintable() for line in stream.splitlines()), stream
            assert "\n::" not in stream


@unix
def test_a_loop_of_links_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "a.py").touch()
    assert is_one_message(startlab(tmp_path, "run", "--requirements", "loop", "a.py"), "loop")


def test_a_pattern_that_is_none_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "a.py").touch()
    assert is_one_message(startlab(tmp_path, "run", "--exclude", "[z-a]", "a.py"), "[z-a]")


def test_with_nothing_to_resume_and_nothing_to_run_it_says_so_once(tmp_path: Path) -> None:
    done = startlab(tmp_path, "run", "--resume", "--out", "out")
    assert is_one_message(done, "nothing to resume in out", "Say what to run, to begin one.")

"""`startlab run` as the user runs it: in a process of its own."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import click
import pytest

from startlab.cli.run import run as command
from startlab.results import journal

pytestmark = [pytest.mark.native, pytest.mark.targets]

OWN = f"host-{sys.version_info[0]}.{sys.version_info[1]}"
METHODS = tuple(sorted(multiprocessing.get_all_start_methods()))
"""Those of this platform; the first is as good as any where a test needs one."""

APART: dict[str, Any]
if sys.platform == "win32":  # Ctrl-C cannot be sent to one process alone, Ctrl-Break can
    APART = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    INTERRUPT = signal.CTRL_BREAK_EVENT
else:
    APART = {"start_new_session": True}
    INTERRUPT = signal.SIGINT

NATIVE = ["--backend", "native", "--env", OWN]


class Startlab:
    """The command in a folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = os.environ | {
            "PYTHONPATH": str(Path(journal.__file__).parents[2]),
            "COLUMNS": "120",
            "NO_COLOR": "1",
            "PYTHONIOENCODING": "utf-8",
        }

    def put(self, name: str, text: str) -> None:
        (self.folder / name).write_text(textwrap.dedent(text), "utf-8")

    def start(self, *args: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "startlab", "run", *args],
            cwd=self.folder, env=self.environ, encoding="utf-8", **APART,
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def __call__(self, *args: str) -> subprocess.CompletedProcess[str]:
        with self.start(*args) as process:
            out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(args, process.returncode, out, err)


@pytest.fixture
def startlab(tmp_path: Path) -> Startlab:
    return Startlab(tmp_path)


# --- whose words are whose ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["a.py", "--json", "-m", "x"], ["a.py", "--json", "-m", "x"]),
        (["--env", "a.py", "b.py"], ["b.py"]),
        (["-e", "3.12", "-m", "pkg", "--jobs", "3"], ["-m", "pkg", "--jobs", "3"]),
        (["-j4", "--env=3.12", "--json", "--", "pytest", "-x"], ["--", "pytest", "-x"]),
        (["a.py", "--", "-x"], ["a.py", "--", "-x"]),
        (["-m", "pkg"], ["-m", "pkg"]),
        (["--env-var", "A=b", "-r", "r.txt", "a b.py"], ["a b.py"]),
        ([], []),
    ],
)
def test_options_end_where_the_programs_begin(line: list[str], words: list[str]) -> None:
    assert command.make_context("run", list(line)).params["words"] == tuple(words)


@pytest.mark.parametrize("line", [["--bogus", "a.py"], ["--jobs", "x", "a.py"], ["--env"]])
def test_a_wrong_option_is_reported(line: list[str]) -> None:
    with pytest.raises(click.UsageError):
        command.make_context("run", line)


def test_an_option_behind_the_script_is_the_programs_and_that_is_said(startlab: Startlab) -> None:
    """Not of one that the script has itself."""
    startlab.put("a.py", "import sys; sys.exit('--jobs' not in sys.argv)")
    done = startlab("--env", "nothing", "a.py", "--method", "fork", "--jobs", "--other")
    assert done.returncode == 2
    assert "Note: --method after a.py goes to the program; options of startlab" in done.stderr


# --- running -----------------------------------------------------------------------------------


def test_a_healthy_program(startlab: Startlab) -> None:
    startlab.put("hello.py", "print('hello')")
    done = startlab(*NATIVE, "hello.py")
    assert done.returncode == 0, done.stderr
    assert "hello.py" in done.stdout
    assert "The run is in .startlab" in done.stdout
    run = journal.read(startlab.folder / ".startlab/latest")
    outcomes: dict[str, str] = {t.method: t.outcome for t in run.trials}
    assert [outcomes.pop(method) for method in METHODS] == ["ok"] * len(METHODS)
    assert set(outcomes.values()) <= {"unsupported"}


def test_a_finding_is_exit_status_1_and_has_the_line_that_reproduces_it(startlab: Startlab) -> None:
    startlab.put(
        "a.py",
        """
        import multiprocessing, sys
        if multiprocessing.get_start_method() == "spawn":
            raise ValueError("not " + sys.argv[1])
        """,
    )
    done = startlab(*NATIVE, "a.py", "so good")
    assert done.returncode == 1
    assert "ValueError: not so good" in done.stdout
    (line,) = (line for line in done.stdout.splitlines() if "Reproduce" in line)
    assert f"startlab run --backend native --env {OWN} --method spawn a.py 'so good'" in line
    trials = journal.read(startlab.folder / ".startlab/latest").trials
    assert sorted((t.method, t.trial) for t in trials if t.outcome == "error") == [
        ("spawn", 0), ("spawn", 1),
    ]  # fmt: skip


def test_outputs_that_differ_are_exit_status_1_and_never_ok(startlab: Startlab) -> None:
    if len(METHODS) < 2:
        pytest.skip("one start method cannot differ from another")
    startlab.put("a.py", "import multiprocessing as m; print('Spawn' in str(m.get_context()))")
    done = startlab(*NATIVE, "a.py")
    assert done.returncode == 1
    assert "≠ differs A" in done.stdout
    assert "✓" not in done.stdout
    assert done.stdout.endswith("startlab cannot tell why, or which is right.\n")


def test_json_is_all_of_stdout(startlab: Startlab) -> None:
    startlab.put("a.py", "print('x')")
    done = startlab(*NATIVE, "--json", "--trials", "2", "--method", METHODS[0], "a.py")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert [(t["program"], t["outcome"]) for t in said["trials"]] == [("python a.py", "ok")] * 2


def test_what_is_piped_into_it_is_read_once_and_given_to_every_trial(startlab: Startlab) -> None:
    startlab.put("a.py", "import sys; print(sys.stdin.read())")
    begun = startlab.start(
        *NATIVE, "--json", "--trials", "2", "--stdin", "-", "a.py", stdin=subprocess.PIPE
    )
    with begun as process:
        out, err = process.communicate("two\nlines ö", timeout=300)
    assert process.returncode == 0, err
    trials = json.loads(out)["trials"]
    assert [t["stdout"] for t in trials] == ["two\nlines ö\n"] * 2 * len(METHODS)


def test_what_is_piped_in_is_not_kept_for_a_program_that_is_not_there(startlab: Startlab) -> None:
    done = startlab("--stdin", "-", "b.py")
    assert (done.returncode, "There is no file b.py" in done.stderr) == (2, True)
    assert not (startlab.folder / journal.RUNS).exists()
    startlab.put("a.py", "")
    startlab.put(str(journal.RUNS), "")
    done = startlab("--stdin", "-", "a.py")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "cannot be written" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="has no pseudo-terminals of this kind")
def test_at_a_terminal_it_says_how_what_is_typed_ends(startlab: Startlab) -> None:
    startlab.put("a.py", "import sys; print(sys.stdin.read())")
    ours, theirs = os.openpty()
    words = ["--json", "--method", METHODS[0], "--stdin", "-", "a.py"]
    with startlab.start(*NATIVE, *words, stdin=theirs) as process:
        assert process.stderr is not None
        assert "Ctrl-D ends it." in process.stderr.readline()
        os.write(ours, b"typed\n\x04")
        out, err = process.communicate(timeout=300)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0, err
    assert json.loads(out)["trials"][0]["stdout"] == "typed\n\n"


MISTAKES = [
    (["nope.py"], "There is no file nope.py."),
    (["."], "is a folder without a __main__.py"),
    (["binary"], "it contains binary data"),
    ([], "Nothing to run"),
    (["--stdin", "nope", "a.py"], "--stdin nope: there is no such file"),
    (["--env", "nope", "--backend", "native", "a.py"], "--env nope matches no environment"),
    (["--env-var", "=x", "a.py"], "is not K=V"),
    (["--env-var", "NOT_SET_ANYWHERE", "a.py"], "NOT_SET_ANYWHERE is not in the environment"),
    (["--env", "", "a.py"], "an empty name matches nothing"),
    (["--timeout", "nan", "a.py"], "nan is not a number of seconds"),
    (["--timeout", "inf", "a.py"], "inf is not in the range"),
    (["--env-var", "STARTLAB_EVENTS=x", "a.py"], "is reserved by startlab"),
    (["--with", "!", "a.py"], "this is not a requirement"),
    (["--resume"], "nothing to resume"),
]


@pytest.mark.parametrize(("words", "message"), MISTAKES)
def test_a_mistake_is_one_message_and_exit_status_2(
    startlab: Startlab, words: list[str], message: str
) -> None:
    startlab.put("a.py", "")
    (startlab.folder / "binary").write_bytes(b"\0")
    done = startlab(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_what_nothing_can_run_is_exit_status_3(startlab: Startlab) -> None:
    done = startlab(*NATIVE, "--", "no-such-command")
    assert done.returncode == 3
    assert "no command and no module no-such-command" in done.stdout


def test_keep_says_that_there_is_no_container(startlab: Startlab) -> None:
    startlab.put("a.py", "")
    done = startlab(*NATIVE, "--keep", "a.py")
    assert done.returncode == 0
    assert "Nothing is kept: there were no containers." in done.stderr


# --- ending early, and beginning again ---------------------------------------------------------


def line_of(process: subprocess.Popen[str], text: str) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return line
    pytest.fail(f"it ended before it said {text!r}")


def test_an_interrupted_run_is_finished_by_resume(startlab: Startlab) -> None:
    """The first method's program ends at once, the others wait until they are interrupted.

    For the run to come to an end, it is told then that they need no patience.
    """
    startlab.put(
        "a.py",
        """
        import multiprocessing, os, socket
        if multiprocessing.get_start_method() != "fork":
            server = socket.create_server(("127.0.0.1", 0))
            if os.environ["PATIENCE"] == "1":
                server.accept()
        """,
    )
    words = [*NATIVE, "--jobs", "1", "--out", "run", "--env-var", "PATIENCE=1", "--timeout", "300"]
    file = startlab.folder / "run" / journal.NAME
    with startlab.start(*words, "a.py") as process:
        while not (file.exists() and b'"kind":"trial"' in file.read_bytes()):
            assert process.poll() is None
        process.send_signal(INTERRUPT)
        _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "finish it with: startlab run --resume --out run" in err
    done = startlab("--resume", "--out", "run", "--env-var", "PATIENCE=0")
    assert done.returncode == 0, done.stderr
    run = journal.read(startlab.folder / "run")
    assert run.missing == ()
    assert {t.outcome for t in run.trials if t.method in METHODS} == {"ok"}


def test_where_nothing_was_begun_resume_begins(startlab: Startlab) -> None:
    """It was killed before its journal had a line; from then on it is resumed as it was begun."""
    startlab.put("a.py", "print('a')")
    (startlab.folder / "run").mkdir()
    (startlab.folder / "run" / journal.NAME).touch()
    words = ["--method", METHODS[0], "--out", "run", "--resume", "a.py"]
    done = startlab(*NATIVE, *words)
    assert done.returncode == 0, done.stderr
    assert "There is nothing to resume in run" in done.stderr
    assert [t.stdout for t in journal.read(startlab.folder / "run").trials] == ["a\n"]
    again = startlab(*words)
    assert again.returncode == 2
    assert "it takes no program" in again.stderr


def test_watch_runs_again_when_a_file_changes(startlab: Startlab) -> None:
    startlab.put("a.py", "import helper; print(helper.TEXT)")
    startlab.put("helper.py", "TEXT = 'one'")
    words = [*NATIVE, "--method", METHODS[0], "--trials", "1", "--watch", "a.py"]
    with startlab.start(*words) as process:
        line_of(process, "Waiting for its files")
        startlab.put("helper.py", "TEXT = 'three'")
        line_of(process, "Waiting for its files")
        process.send_signal(INTERRUPT)
        process.communicate(timeout=300)
    assert process.returncode == 130
    runs = sorted((startlab.folder / ".startlab").glob("*/journal.jsonl"))
    said = {
        t.stdout for run in runs if not run.parent.is_symlink() for t in journal.read(run).trials
    }
    assert said == {"one\n", "three\n"}

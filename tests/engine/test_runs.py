"""`startlab.run`: programs of the test's own, with real agents and real interpreters."""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
import textwrap
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import startlab
from startlab.backends import venvs
from startlab.backends.native import NativeBackend
from startlab.cli.run import run as command
from startlab.diagnosis import diagnose
from startlab.diagnosis.source.sources import Sources
from startlab.engine import lab, runs
from startlab.engine.subjects import options
from startlab.errors import JournalError, ProgramError, SelectionError
from startlab.model import Run, Selection
from startlab.program.snapshot import MOST_BYTES
from startlab.report import files
from startlab.results import journal
from startlab.results.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.native, pytest.mark.targets]

OWN = f"host-{sys.version_info[0]}.{sys.version_info[1]}"
METHODS = tuple(sorted(multiprocessing.get_all_start_methods()))
"""Those of this platform; the first is as good as any where a test needs one."""


PROGRAM_THAT_STARTS = """
    import multiprocessing

    if __name__ == "__main__":
        process = multiprocessing.Process(target=print, args=("child",))
        process.start()
        process.join()
"""


class Here:
    """A current directory with programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), "utf-8")
        return path

    def run(self, *words: str, **said: Any) -> Run:
        usual = {"backend": "native", "environments": [OWN], "methods": METHODS[:1]}
        return startlab.run(words, **({"explain": "off"} | usual | said))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    folder = tmp_path.resolve() / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Here(folder)


def outputs(run: Run) -> set[str]:
    assert {trial.outcome for trial in run.trials} == {"ok"}, run.trials
    return {trial.stdout for trial in run.trials}


HELLO = """
    import multiprocessing

    def hello():
        print("hello from a child")

    if __name__ == "__main__":
        child = multiprocessing.Process(target=hello)
        child.start()
        child.join()
"""


def test_the_default_is_the_start_method_that_it_is_there(here: Here) -> None:
    here.put("a.py", PROGRAM_THAT_STARTS)
    run = here.run("a.py", methods=["default"])
    (trial,) = run.trials
    default = multiprocessing.get_context().get_start_method()
    assert (trial.outcome, trial.method, trial.method_used) == ("ok", default, (default,))
    assert trial.cell in run.planned
    assert f"--method {default} a.py" in trial.reproduce


@pytest.mark.skipif("fork" not in METHODS, reason="needs fork")
def test_what_a_fork_prints_as_well_is_no_matter_of_what_children_import(here: Here) -> None:
    here.put(
        "a.py",
        """
        import multiprocessing

        made_in = "the import"

        def child():
            print("sum", 4, "with", "" if made_in else "nothing", flush=True)

        if __name__ == "__main__":
            made_in = "main"
            process = multiprocessing.Process(target=child)
            process.start()
            process.join()
        """,
    )
    right = here.put("right", "sum 5\n")
    run = here.run("a.py", methods=METHODS, expect_stdout=right)
    (finding,) = diagnose(run).findings
    assert finding.mechanism == "wrong_output"
    assert "missing 'sum 5'; extra 'sum 4 with '" in finding.title


def test_a_module_that_is_not_there_is_told_as_that(here: Here) -> None:
    for name in ("nowhere", "nowhere.at.all"):
        (finding,) = diagnose(here.run("-m", name)).findings
        assert finding.mechanism == "missing_module"
        assert "the module nowhere is missing" in finding.title


def test_a_script_under_every_start_method(here: Here) -> None:
    here.put("hello.py", HELLO)
    run = here.run("hello.py", methods=METHODS)
    assert {t.method: t.method_used for t in run.trials} == {
        method: (method,) for method in METHODS
    }
    assert outputs(run) == {"hello from a child\n"}
    assert run.missing == ()
    (trial, *_) = run.trials
    assert (trial.experiment, trial.program) == ("hello.py", "python hello.py")
    assert run.header.program is not None
    assert run.header.program.root == str(here.folder)
    assert run.header.program.digest
    assert journal.read(journal.RUNS / "latest").header == run.header


def test_what_a_program_gets(here: Here) -> None:
    """Arguments, standard input, variables, its folder, and where it runs in it."""
    here.put("pyproject.toml", "")
    here.put("data/x.txt", "data")
    here.put(
        "tools/says.py",
        """
        import os, sys
        print(sys.argv[1:], sys.stdin.read(), os.environ["LEVEL"], open("data/x.txt").read())
        print(os.path.relpath(sys.path[0]), os.environ.get("PYTHONUNBUFFERED"))
        """,
    )
    stdin = here.put("in.txt", "input")
    run = here.run("tools/says.py", "a b", "-x", stdin=stdin, env={"LEVEL": "3"})
    assert outputs(run) == {"['a b', '-x'] input 3 data\ntools None\n"}


def test_what_reports_quote_is_as_it_was_when_it_was_run(here: Here) -> None:
    path = here.put("a.py", "import sys\nsys.exit(3)\n")
    run = here.run("a.py")
    path.write_text("# another program\n" * 5)
    assert run.header.program is not None
    assert Sources(run.header.program).code("a.py:2") == "sys.exit(3)"
    again = journal.read(journal.RUNS / "latest").header.program
    assert again is not None
    assert again.sources == run.header.program.sources


def test_no_trial_reaches_the_users_files_or_those_of_another(here: Here) -> None:
    here.put(
        "spoils.py",
        """
        import os, shutil
        print(sorted(os.listdir(".")))
        open("made", "x").close()
        open("kept.txt", "w").write("spoilt")
        os.remove(__file__)
        shutil.rmtree("folder")
        os.chmod(".", 0)
        """,
    )
    here.put("kept.txt", "kept")
    here.put("folder/x", "")
    run = here.run("spoils.py", methods=METHODS, trials=3)
    assert outputs(run) == {"['folder', 'kept.txt', 'spoils.py']\n"}
    assert (here.folder / "kept.txt").read_text() == "kept"
    assert sorted(os.listdir(here.folder)) == [".startlab", "folder", "kept.txt", "spoils.py"]


def test_links_that_lead_out_of_its_folder_are_named_as_include_takes_them(here: Here) -> None:
    """Two that lead to the same are both there once it is included."""
    here.put("a.py", "import os; print(os.path.lexists('link'), os.path.lexists('other'))")
    outside = here.folder.parent / "outside"
    outside.write_text("text", "utf-8")
    for name in ("link", "other"):
        (here.folder / name).symlink_to(outside)
    said = Said()
    assert outputs(here.run("a.py", listener=said)) == {"False False\n"}
    (line,) = [line for line in said.said if "lead out" in line]
    assert line.endswith("its copy: link, other. If it needs one, say so: --include link")
    said = Said()
    assert outputs(here.run("a.py", listener=said, include=[Path("link")])) == {"True True\n"}
    assert not [line for line in said.said if "lead out" in line]


def test_a_script_in_too_large_a_folder_is_run_and_that_is_said(here: Here) -> None:
    here.put("a.py", "import b, os; print(b.NAME, os.path.exists('films'))")
    here.put("b.py", "NAME = 'beside'")
    here.put("films/one", "")
    with (here.folder / "films" / "one").open("wb") as film:
        film.truncate(MOST_BYTES + 1)
    said = Said()
    assert outputs(here.run("a.py", listener=said)) == {"beside False\n"}
    (line,) = [line for line in said.said if "too much" in line]
    assert line.startswith(f"{here.folder} has 210 MB in 3 files: that is too much to go with a.py")
    assert line.endswith("If it needs more of it, say so: --include PATH")


def test_a_module_and_a_package(here: Here) -> None:
    here.put("package/__init__.py", "")
    here.put("package/__main__.py", "print('main')")
    here.put("package/tool.py", "import sys; print(sys.argv[1], __package__)")
    assert outputs(here.run("-m", "package")) == {"main\n"}
    assert outputs(here.run("-m", "package.tool", "-m")) == {"-m package\n"}


def test_a_command_of_the_interpreter(here: Here) -> None:
    assert outputs(here.run("--", "python", "-c", "print(3)")) == {"3\n"}
    assert outputs(here.run("--", "calendar", "2000", "1")).pop().startswith("    January 2000")
    run = here.run("--", "unittest", "nothing_here")
    assert {t.outcome for t in run.trials} == {"error"}
    assert {t.program for t in run.trials} == {"unittest nothing_here"}


def test_a_command_that_is_not_there(here: Here) -> None:
    run = here.run("--", "no-such-command", "x")
    (trial,) = run.trials
    assert (trial.outcome, trial.as_expected) == ("unavailable", False)
    assert "no command and no module no-such-command; --with no-such-command" in trial.reason


EXAMPLES = [
    ("raise KeyError('x')", "error", "KeyError: 'x'"),
    pytest.param("import sys; sys.exit(3)", "error", "exit status 3", marks=pytest.mark.wide),
    ("import faulthandler; faulthandler._sigsegv()", "crash", "the program died by S"),
    ("import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()", "hang", ""),
    pytest.param("print(input())", "error", "EOFError", marks=pytest.mark.wide),
    pytest.param("match 1:\n    case 1: (", "error", "SyntaxError", marks=pytest.mark.wide),
]


@pytest.mark.parametrize(("text", "outcome", "reason"), EXAMPLES)
def test_what_surprises_is_run_once_more(here: Here, text: str, outcome: str, reason: str) -> None:
    here.put("a.py", text)
    limit_s = 3.0 if outcome == "hang" else None  # where it cannot be proven
    run = here.run("a.py", timeout_s=limit_s)
    assert [(t.trial, t.outcome, t.as_expected) for t in run.trials] == [
        (0, outcome, False), (1, outcome, False),
    ]  # fmt: skip
    assert reason in run.trials[0].reason
    assert len(here.run("a.py", trials=1, timeout_s=limit_s).trials) == 1
    assert len(here.run("a.py", trials=3, timeout_s=limit_s).trials) == 3


def test_outputs_that_differ_are_run_once_more_in_both_cells(here: Here) -> None:
    here.put("a.py", "import multiprocessing; print(multiprocessing.get_start_method() == 'spawn')")
    run = here.run("a.py", methods=METHODS, jobs=1)
    counts = [t.method for t in run.trials]
    differ = METHODS[0] != METHODS[-1]
    assert {method: counts.count(method) for method in counts} == {
        method: 2 if differ and method in (METHODS[0], "spawn") else 1 for method in METHODS
    }


def test_a_program_that_chooses_its_start_method_is_run_in_one_cell_for_all(here: Here) -> None:
    """Each run makes a file of its own in a folder that all trials share."""
    marks = here.folder.parent / "marks"
    marks.mkdir()
    here.put(
        "a.py",
        f"""
        import multiprocessing, sys, tempfile
        if __name__ == "__main__":
            multiprocessing.set_start_method({METHODS[-1]!r})
            tempfile.mkstemp(dir={str(marks)!r})
            process = multiprocessing.Process(target=print, args=("hello",))
            process.start()
            process.join()
            sys.exit(7)
        """,
    )
    run = here.run("a.py", methods=METHODS)
    assert len(list(marks.iterdir())) == 2
    assert sorted((t.method, t.trial, t.exit_status, t.method_used) for t in run.trials) == [
        (method, number, 7, METHODS[-1:]) for method in METHODS for number in (0, 1)
    ]
    (own,) = {t.method for t in run.trials if t.run_as is None}
    assert {t.run_as for t in run.trials if t.method != own} == {own}
    assert [each.word for each in summarise(run) if each.run_as] == [
        f"error 2/2 as {own}" for _ in METHODS[1:]
    ]


def test_a_program_that_only_may_choose_its_start_method_is_run_in_every_cell(here: Here) -> None:
    text = "import multiprocessing\ndef choose(): multiprocessing.set_start_method('spawn')\n"
    here.put("a.py", text)
    run = here.run("a.py", methods=METHODS)
    assert [(t.method, t.run_as) for t in sorted(run.trials, key=lambda t: t.method)] == [
        (method, None) for method in METHODS
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is not seen what threads are in")
@pytest.mark.parametrize("sleeps", [True, pytest.param(False, marks=pytest.mark.wide)])
def test_a_hang_at_the_limit_is_not_waited_out_again(
    here: Here, monkeypatch: pytest.MonkeyPatch, *, sleeps: bool
) -> None:
    """But one that sleeps might go on at any time before the limit, the second time too."""
    monkeypatch.setattr(lab, "AGAIN_S", 0.1)
    fifo = here.folder.parent / "fifo"  # it may be known to others: no proof
    os.mkfifo(fifo)
    read = f"import os\nos.read(os.open({str(fifo)!r}, os.O_RDWR), 1)\n"
    here.put("a.py", "import time\ntime.sleep(600)\n" if sleeps else read)
    run = here.run("a.py", timeout_s=4 if sleeps else 8)
    assert [(t.outcome, t.trial) for t in run.trials] == [("hang", 0), ("hang", 1)]
    first, again = run.trials
    assert (again.duration_s < first.duration_s - 2) == (not sleeps)


def test_a_syntax_error_is_a_finding_of_the_environment(here: Here) -> None:
    here.put("a.py", "import sys\nif sys:\n    match 1:\n        case 1: print('new')\n")
    names = NativeBackend().names(())
    old = [name for name in names if name in ("host-3.8", "host-3.9")]
    if not old:
        pytest.skip("no Python older than 3.10 here")
    run = here.run("a.py", environments=[OWN, old[0]], trials=1)
    assert {t.environment: t.outcome for t in run.trials} == {OWN: "ok", old[0]: "error"}


STRANGE = ["a b.py", "it's.py", 'say "x".py', "two\nlines.py", "größe.py", "$(x).py", "-x.py"]


@pytest.mark.parametrize("name", STRANGE)
def test_any_name(here: Here, name: str) -> None:
    here.put(name, "import sys; print(sys.argv[0] == sys.argv[1])")
    run = here.run(f"./{name}", f"./{name}" if name.startswith("-") else name)
    assert outputs(run) == {"True\n"}
    assert run.header.program is not None
    assert run.header.program.name == name


def test_any_output(here: Here) -> None:
    here.put("binary.py", "import sys; sys.stdout.buffer.write(bytes(range(256)) * 100)")
    here.put("nothing.py", "")
    here.put(
        "flood.py",
        "import sys\nfor _ in range(64):\n    sys.stdout.buffer.write(b'x' * (1 << 20))",
    )
    printed = outputs(here.run("binary.py")).pop()
    assert "\\x81" in printed  # no letter in UTF-8, nor in the code page of Windows
    assert outputs(here.run("nothing.py")) == {""}
    (trial, *_) = here.run("flood.py").trials
    assert trial.outcome == "ok"
    assert len(trial.stdout) < 1 << 20
    assert trial.stdout_digest is None
    assert any("bytes of stdout were dropped" in note for note in trial.notes)


def test_a_large_input_that_is_never_read(here: Here) -> None:
    stdin = here.folder.parent / "large"
    with stdin.open("wb") as file:
        file.truncate(256 << 20)
    here.put("a.py", "print('done')")
    assert outputs(here.run("a.py", stdin=stdin)) == {"done\n"}


def test_what_it_should_print(here: Here) -> None:
    here.put("a.py", "print('one')\nprint('two')")
    right = here.put("right", "two\none\n")
    wrong = here.put("wrong", "one\nthree\n")
    assert outputs(here.run("a.py", expect_stdout=right)) == {"one\ntwo\n"}
    run = here.run("a.py", expect_stdout=wrong, trials=1)
    assert [t.outcome for t in run.trials] == ["wrong"]


# --- which environments ------------------------------------------------------------------------


def test_causes_are_looked_for_as_the_command_does(here: Here) -> None:
    """It takes no experiment for a program that is well."""
    in_the_command = next(each for each in command.params if each.name == "explain")
    here.put("a.py", "print(1)")
    run = startlab.run("a.py", backend="native", environments=[OWN], trials=1)
    assert signature(startlab.run).parameters["explain"].default == in_the_command.default
    assert [trial.outcome for trial in run.trials] == ["ok"] * len(METHODS)
    assert run.experiments == ()


def test_the_newest_python_that_the_project_supports(here: Here) -> None:
    here.put("a.py", "")
    minor = sys.version_info[1]
    here.put("pyproject.toml", f"[project]\nrequires-python = '>=3.6,<3.{minor + 1}'")
    run = startlab.run("a.py", backend="native", methods=["spawn"])
    assert OWN in {each.name for each in run.environments}
    here.put("pyproject.toml", "[project]\nrequires-python = '>=4'")
    with pytest.raises(SelectionError, match=r"requires Python >=4.*There are: .*host-3"):
        startlab.run("a.py", backend="native")


def test_a_selector_that_matches_nothing_lists_what_there_is(here: Here) -> None:
    here.put("a.py", "")
    with pytest.raises(SelectionError, match=rf"--env nope matches no.*There are: .*{OWN}"):
        here.run("a.py", environments=["nope"])
    with pytest.raises(JournalError):
        journal.read(journal.RUNS / "latest")


# --- resuming ----------------------------------------------------------------------------------


def begun(here: Here, lines: int) -> Path:
    """Leave only the beginning of a run of two cells: `lines` of its journal."""
    here.put("a.py", "print('x')")
    here.run("a.py", methods=[METHODS[0], "spawn"], folder=Path("run"))
    file = Path("run") / journal.NAME
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:lines]))
    return Path("run")


@pytest.mark.parametrize("lines", [1, 2, 3, 4])
def test_a_run_is_finished_as_it_was_begun(here: Here, lines: int) -> None:
    folder = begun(here, lines)
    before = journal.read(folder).trials
    run = runs.resume(folder)
    assert run.missing == ()
    assert run.trials[: len(before)] == before
    assert {t.outcome for t in run.trials} == {"ok"}


def test_no_run_is_finished_with_other_files(here: Here) -> None:
    folder = begun(here, 3)
    here.put("a.py", "print('y')")
    with pytest.raises(ProgramError, match="files have changed since this run was begun"):
        runs.resume(folder)


def test_no_run_is_written_over(here: Here) -> None:
    folder = begun(here, 3)
    with pytest.raises(JournalError, match="holds a run already"):
        here.run("a.py", folder=folder)


@pytest.mark.wide
def test_a_resumed_run_repeats_what_surprised_before_it_was_killed(here: Here) -> None:
    """Whether its repeat was lost, or the first output that others are compared with."""
    here.put("a.py", "import multiprocessing; print(multiprocessing.get_start_method())")
    for lines in (1, 2, 3, 4, 5, 6):
        folder = Path(f"run{lines}")
        whole = here.run("a.py", methods=METHODS[-2:], jobs=1, folder=folder)
        file = folder / journal.NAME
        file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:lines]))
        resumed = runs.resume(folder)
        found = [
            sorted((t.method, t.trial, t.outcome) for t in run.trials) for run in (whole, resumed)
        ]
        assert found[0] == found[1], lines


def test_a_run_is_written_by_one_at_a_time(here: Here) -> None:
    """Be it begun or resumed meanwhile; a lock ends with the process that has it."""
    folder = begun(here, 3)
    code = f"""
        from pathlib import Path
        from startlab.results.journal import Journal
        with Journal(Path({str(folder)!r})):
            print("locked", flush=True)
            input()
    """
    argv = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"locked"
        before = (folder / journal.NAME).read_bytes()
        with pytest.raises(JournalError, match="is being written by another startlab"):
            runs.resume(folder)
        assert (folder / journal.NAME).read_bytes() == before
        other.kill()
    assert runs.resume(folder).missing == ()


def test_two_that_begin_at_once_do_not_share_a_folder(here: Here) -> None:
    here.put("a.py", "print('x')")
    with (
        journal.Journal(Path("run")),
        pytest.raises(JournalError, match="is being written by another startlab"),
    ):
        here.run("a.py", folder=Path("run"))


def test_a_run_is_finished_by_the_command_that_began_it(here: Here) -> None:
    folder = begun(here, 3)
    before = (folder / journal.NAME).read_bytes()
    with pytest.raises(SelectionError, match="startlab run --resume --out run"):
        runs.resume(folder, "lab")
    assert (folder / journal.NAME).read_bytes() == before
    selection = Selection(
        backend="native", environments=(OWN,), experiments=("countdown",), methods=("spawn",)
    )
    runs.begin(Path("lab"), selection)
    with pytest.raises(SelectionError, match="startlab lab --resume --out lab"):
        runs.resume(Path("lab"), "run")


@pytest.mark.parametrize("links", [True, False])
def test_the_latest_run_is_resumed_in_its_own_folder(
    here: Here, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    if not links:

        def refuse(*_: object, **__: object) -> None:
            raise OSError("no links here")

        monkeypatch.setattr(Path, "symlink_to", refuse)
    here.put("a.py", "print('x')")
    run = here.run("a.py")
    latest = journal.RUNS / "latest"
    found = journal.begun(None)
    assert found == journal.RUNS / run.header.id
    runs.resume(latest)
    assert journal.begun(None) == found
    assert len(journal.read(latest).ends) == 2


def test_what_is_secret_is_in_no_file_of_a_run(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program has it, prints it and dies of it; a run that is resumed asks for it again."""
    secret = "s3cr3t-t0k3n"  # noqa: S105 - of nothing
    here.put(
        "a.py",
        """
        import os, sys
        print(os.environ["TOKEN"], len(os.environ["TOKEN"]))
        print("bad", os.environ["TOKEN"], file=sys.stderr)
        raise ValueError(os.environ["TOKEN"])
        """,
    )
    folder = Path("run")
    run = here.run("a.py", env={"TOKEN": secret}, folder=folder)
    files.write(run, diagnose(run), folder)
    for path in folder.iterdir():
        assert secret not in path.read_text("utf-8"), path
    (trial, _) = run.trials
    assert (trial.stdout, trial.reason) == (f"*** {len(secret)}\n", "ValueError: ***")
    assert "--env-var TOKEN a.py" in trial.reproduce

    file = folder / journal.NAME
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    with pytest.raises(ProgramError, match="value of TOKEN, which no journal keeps"):
        runs.resume(folder)
    monkeypatch.setenv("TOKEN", secret)
    assert [(t.trial, t.stdout) for t in runs.resume(folder).trials] == [
        (number, f"*** {len(secret)}\n") for number in (0, 1)
    ]
    assert secret not in file.read_text("utf-8")


@pytest.mark.usefixtures("project")
@pytest.mark.wide
def test_a_password_in_a_requirement_is_in_no_file_of_a_run(here: Here) -> None:
    here.put("a.py", "")
    needed = "no-such-package @ https://me:passw0rd@localhost:1/x.whl"
    run = here.run("a.py", packages=[needed], folder=Path("run"))
    text = (Path("run") / journal.NAME).read_text("utf-8")
    assert "passw0rd" not in text
    assert run.header.program is not None
    assert run.header.program.requirements == ("no-such-package @ https://***@localhost:1/x.whl",)
    with pytest.raises(ProgramError, match="credentials, which no journal keeps, in no-such-pack"):
        runs.resume(Path("run"))
    with pytest.raises(ProgramError, match="was begun with other requirements"):
        runs.resume(Path("run"), requirements=("x",))
    (trial,) = runs.resume(Path("run"), requirements=(needed,)).trials
    assert trial.outcome == "unavailable"


# --- what it needs -----------------------------------------------------------------------------


@pytest.fixture
def project(here: Here, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A wheel of the test's own, that needs no network to install."""
    import zipfile

    monkeypatch.setattr(venvs, "CACHE", here.folder.parent / "cache")
    for name in ("PIP_CONFIG_FILE", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    def make(text: str) -> Path:
        wheel = here.folder.parent / "needed-1-py3-none-any.whl"
        info = "needed-1.dist-info"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("needed.py", f"def main(): print({text!r})\n")
            archive.writestr(
                f"{info}/METADATA", "Metadata-Version: 2.1\nName: needed\nVersion: 1\n"
            )
            archive.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\nneed = needed:main\n")
            archive.writestr(f"{info}/RECORD", "")
        return wheel

    return make


class Said:
    """A listener that remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def planned(self, environment: object) -> None:
        pass

    def began(self, cell: object) -> None:
        pass

    def ended(self, trial: object) -> None:
        pass

    def say(self, text: str) -> None:
        self.said.append(text)


def test_packages_are_installed_once(here: Here, project: Callable[[str], Path]) -> None:
    here.put("a.py", "import needed; needed.main()")
    wheel = project("one")
    said = Said()
    for _ in range(2):
        assert outputs(here.run("a.py", packages=[str(wheel)], listener=said)) == {"one\n"}
    installing = [line for line in said.said if line.startswith("Installing")]
    assert installing == [f"Installing what the program needs for {OWN} ..."]
    requirements = here.put("requirements.txt", f"{wheel}\n")
    assert outputs(here.run("--", "need", requirements=requirements)) == {"one\n"}
    assert outputs(here.run("-m", "needed", requirements=requirements)) == {""}
    project("two")
    assert outputs(here.run("a.py", packages=[str(wheel)])) == {"two\n"}
    (trial,) = here.run("a.py", trials=1).trials
    assert "ModuleNotFoundError: No module named 'needed'" in trial.reason


@pytest.mark.usefixtures("project")
@pytest.mark.wide
def test_what_cannot_be_installed_is_unavailable_with_the_reason(here: Here) -> None:
    here.put("a.py", "")
    (trial,) = here.run("a.py", packages=["no-such-package-anywhere"]).trials
    assert (trial.outcome, trial.as_expected) == ("unavailable", False)
    assert "pip cannot install what the program needs" in trial.reason
    assert "no-such-package-anywhere" in trial.reason
    assert not any(path.is_dir() for path in venvs.CACHE.iterdir())


# --- trials beside one another -----------------------------------------------------------------

SERVER = """
    import os, socket, sys

    place = ("127.0.0.1", int(sys.argv[1]))
    met = sys.argv[2]
    server = socket.socket()
    if os.name == "posix":  # where it does not let two have the port at once
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind(place)
        server.listen(5)
    except OSError:
        open(met, "w").close()
        socket.create_connection(place).close()
        raise
    if not os.path.exists(met):
        server.accept()  # until a trial beside this one has found the port taken
    print("served")
"""


ASYNCIO_SERVER = """
    import asyncio, os, socket, sys

    place = ("127.0.0.1", int(sys.argv[1]))
    met = sys.argv[2]

    async def serve():
        asked = asyncio.Event()
        try:
            server = await asyncio.start_server(lambda *_: asked.set(), *place)
        except OSError:
            open(met, "w").close()
            socket.create_connection(place).close()
            raise
        if not os.path.exists(met):
            await asked.wait()  # until a trial beside this one has found the port taken
        server.close()
        print("served")

    asyncio.run(serve())
"""


@pytest.mark.parametrize("text", [SERVER, ASYNCIO_SERVER], ids=["socket", "asyncio"])
def test_a_trial_that_finds_a_port_taken_is_run_again_alone(here: Here, text: str) -> None:
    here.put("server.py", text)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    met = here.folder.parent / "met"
    # More cells than one: there are always two trials at once.
    run = here.run("server.py", str(port), str(met), methods=METHODS, trials=2, jobs=2)
    assert met.exists()
    assert outputs(run) == {"served\n"}
    assert len(run.trials) == 2 * len(METHODS)
    assert run.missing == ()


def test_a_port_that_is_taken_by_the_program_itself_is_its_failure(here: Here) -> None:
    here.put(
        "twice.py",
        """
        import socket
        first, second = socket.socket(), socket.socket()
        first.bind(("127.0.0.1", 0))
        second.bind(first.getsockname())
        """,
    )
    run = here.run("twice.py", methods=METHODS, trials=1, jobs=2)
    assert {trial.outcome for trial in run.trials} == {"error"}
    assert len(run.trials) == len(METHODS)


# --- saying it again ---------------------------------------------------------------------------


def test_the_words_that_mean_a_program_mean_the_same_again(here: Here) -> None:
    here.put("a.py", "")
    stdin = here.put("in.txt", "")
    said: dict[str, Any] = {
        "include": [Path("in.txt")], "exclude": ["*.log"], "env": {"A": "b c"}, "stdin": stdin,
        "packages": ["x>=1"],
    }  # fmt: skip
    for words in (["a.py", "-x"], ["-m", "a", "x"], ["--", "python", "-c", "1"]):
        program = runs.understand(words, **said)
        assert options(program, Selection(timeout_s=2.5)) == [
            "--timeout", "2.5", "--include", "in.txt", "--exclude", "*.log", "--env-var", "A",
            "--stdin", str(stdin), "--with", "x>=1", *words,
        ]  # fmt: skip

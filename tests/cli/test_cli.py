"""The command line as the user runs it: `python -m startlab` in a process of its own."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import psutil
import pytest

from startlab.results import journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from startlab.model import Run

pytestmark = [pytest.mark.native, pytest.mark.targets]

PACKAGE = Path(journal.__file__).parents[1]
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

SOME = ["lab", "--backend", "native", "--env", OWN, "-x", "countdown", "-x", "unpicklable_target*"]

TOML = """
group = "locks"
title = "t"
claim = "c"
mechanism = "m"
source = ["s"]
methods = ["{method}"]
args = {args}
timeout_s = 60
[[expect]]
outcome = ["{outcome}"]
"""


class Startlab:
    """Commands in a folder of the test's own, from a package that may be the test's own too."""

    def __init__(self, folder: Path, tmp: Path) -> None:
        self.folder = folder
        self.source = PACKAGE.parent
        self.tmp = tmp

    def environ(self, **more: str) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": str(self.source), "TMPDIR": str(self.tmp), "COLUMNS": "120",
            "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8",
        } | more  # fmt: skip

    def start(self, *args: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "startlab", *args],
            cwd=self.folder, env=self.environ(), encoding="utf-8", **APART,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def __call__(self, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "startlab", *args],
            cwd=self.folder, env=self.environ(**more), encoding="utf-8", capture_output=True,
            timeout=300, check=False,
        )  # fmt: skip

    def own_catalogue(self) -> None:
        """Use a copy of the package, with a catalogue that is still empty."""
        self.source = self.folder / "source"
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PACKAGE, self.source / "startlab", ignore=skip)
        for each in (self.source / "startlab" / "catalogue").iterdir():
            if each.is_dir():
                shutil.rmtree(each)

    def add(
        self, name: str, program: str, outcome: str = "ok", args: list[str] | None = None
    ) -> None:
        folder = self.source / "startlab" / "catalogue" / name
        folder.mkdir()
        (folder / "program.py").write_text(textwrap.dedent(program), "utf-8")
        toml = TOML.format(method=METHODS[0], args=json.dumps(args or []), outcome=outcome)
        (folder / "experiment.toml").write_text(toml, "utf-8")

    def read(self, run: str = ".startlab/latest") -> Run:
        return journal.read(self.folder / run)


@pytest.fixture
def startlab(tmp_path: Path) -> Iterator[Startlab]:
    """A TMPDIR of its own, but a short one: agents go elsewhere with a long one."""
    short = None if sys.platform == "win32" else "/tmp"  # noqa: S108 - a new one in it
    with tempfile.TemporaryDirectory(prefix="s", dir=short) as tmp:
        yield Startlab(tmp_path, Path(tmp))


# --- startlab lab ------------------------------------------------------------------------------


def test_a_lab_prints_a_table_and_keeps_a_journal(startlab: Startlab) -> None:
    done = startlab(*SOME)
    assert done.returncode == 0, done.stderr
    assert "countdown" in done.stdout
    assert "all as expected" in done.stdout
    assert "The run is in .startlab" in done.stdout
    run = startlab.read()
    assert run.missing == ()
    assert run.header.selection.environments == (OWN,)
    assert run.header.backend == "native"
    schema = jsonschema.Draft202012Validator(json.loads(journal.schema()))
    lines = (startlab.folder / ".startlab/latest/journal.jsonl").read_text("utf-8").splitlines()
    for line in lines:
        schema.validate(json.loads(line))
    assert len(lines) == 3 + len(run.trials)


def test_json_is_one_document_and_nothing_else(startlab: Startlab) -> None:
    done = startlab(*SOME, "--json", "--method", "spawn", "--out", "there")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert {trial["method"] for trial in document["trials"]} == {"spawn"}
    assert {trial["outcome"] for trial in document["trials"]} <= {"ok", "error"}
    assert (startlab.folder / "there" / "journal.jsonl").exists()


def test_a_deviation_is_exit_status_1_and_a_line_that_names_it(startlab: Startlab) -> None:
    startlab.own_catalogue()
    startlab.add("fine", "print('fine')")
    startlab.add("hopeful", "raise KeyError('é ×')")
    done = startlab("lab", "--backend", "native", "-e", OWN)
    assert done.returncode == 1
    assert f"error: hopeful × {OWN} × {METHODS[0]} at program.py:1\n" in done.stderr
    assert f"hopeful × {OWN} × {METHODS[0]}: error\n" in done.stdout
    assert "KeyError: 'é ×'; expected ok" in done.stdout
    assert "1 not as expected" in done.stdout
    again = next(line for line in done.stdout.splitlines() if "startlab lab --backend" in line)
    command = again.partition("#")[0].split()[1:]
    assert startlab(*command).returncode == 1

    plain = startlab("lab", "--backend", "native", "-e", OWN, PYTHONIOENCODING="ascii")
    assert plain.returncode == 1
    assert "hopeful" in plain.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["lab", "--backend", "native", "--env", "host-9.9"], "host-9.9 matches no environment"),
        (["lab", "--backend", "native", "--env", ">=x"], "looks like a range of versions"),
        (["lab", "--backend", "native", "-x", "nothing"], "nothing matches no experiment"),
        (["lab", "--shard", "3/2"], "'3/2' is not K/N"),
        (["lab", "--shard", "x"], "'x' is not K/N"),
        (["lab", "--shard", "0/2"], "'0/2' is not K/N"),
        (["lab", "--method", "thread"], "'thread' is not one of"),
        (["lab", "--trials", "0"], "0 is not in the range"),
        (["lab", "--timeout", "0"], "0.0 is not in the range"),
        (["lab", "--bogus"], "No such option"),
        (["bogus"], "No such command"),
        (["show", "nothing"], "There is no experiment nothing"),
    ],
)  # fmt: skip
def test_bad_usage_is_exit_status_2_and_says_why(
    startlab: Startlab, arguments: list[str], says: str
) -> None:
    done = startlab(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_folder_that_holds_a_run_is_not_overwritten(startlab: Startlab) -> None:
    first = startlab(*SOME[:-2], "-m", METHODS[0], "--out", "here")
    assert first.returncode == 0
    before = (startlab.folder / "here" / "journal.jsonl").read_bytes()
    done = startlab(*SOME, "--out", "here")
    assert done.returncode == 2
    assert "here holds a run already" in done.stderr
    assert (startlab.folder / "here" / "journal.jsonl").read_bytes() == before
    again = startlab("lab", "--resume", "--out", "here")
    assert again.returncode == 0
    assert len(startlab.read("here").trials) == 1


def test_a_folder_whose_run_was_killed_before_it_could_say_anything_is_free(
    startlab: Startlab,
) -> None:
    (startlab.folder / "run").mkdir()
    (startlab.folder / "run" / "journal.jsonl").touch()
    done = startlab("lab", "--backend", "native", "-x", "countdown", "-e", OWN, "--out", "run")
    assert done.returncode == 0, done.stderr
    assert startlab.read("run").missing == ()


@pytest.mark.parametrize(
    "out",
    [
        pytest.param(["--out", "run"], id="out", marks=pytest.mark.wide),
        pytest.param([], id="latest"),
    ],
)
def test_where_nothing_was_begun_resume_begins(startlab: Startlab, out: list[str]) -> None:
    options = ["lab", "--backend", "native", "-x", "countdown", "-e", OWN, "-m", METHODS[0]]
    for says in (True, False):
        done = startlab(*options, "--resume", *out)
        assert done.returncode == 0, done.stderr
        assert ("There is nothing to resume in" in done.stderr) is says
    assert len(startlab.read(*out[1:]).trials) == 1


def test_list_show_and_plan(startlab: Startlab) -> None:
    assert "countdown" in startlab("list").stdout
    names = [each["name"] for each in json.loads(startlab("list", "--json").stdout)]
    assert "countdown" in names
    shown = startlab("show", "countdown")
    assert shown.returncode == 0
    assert "Count value" in shown.stdout
    planned = startlab("plan", "--backend", "native", "--env", OWN, "-x", "countdown", "--json")
    assert json.loads(planned.stdout) == {
        "cells": [
            {"experiment": "countdown", "environment": OWN, "method": method}
            for method in ("fork", "forkserver", "spawn")
        ]
    }


# --- cut short -----------------------------------------------------------------------------------


@pytest.fixture
def waiting(startlab: Startlab, bell: Any) -> Callable[[], None]:
    """Make a catalogue whose second program waits the first time; give how to wait for that."""
    startlab.own_catalogue()
    done = startlab.folder / "done"
    startlab.add("aaa_quick", "print('quick')")
    startlab.add(
        "waits",
        f"""
        import os, sys, time
        if not os.path.exists(sys.argv[1]):
            open(sys.argv[1], "w").close()
            {bell.ring}
            time.sleep(600)
        """,
        args=[str(done)],
    )
    startlab.add("zzz_late", "print('late')")

    wait: Callable[[], None] = bell.wait
    return wait


def test_ctrl_c_leaves_a_whole_journal_and_says_how_to_go_on(
    startlab: Startlab, waiting: Callable[[], None], processes_of: Any
) -> None:
    lab = startlab.start("lab", "--backend", "native", "-e", OWN, "-j", "1", "--out", "run")
    waiting()
    lab.send_signal(INTERRUPT)
    out, err = lab.communicate(timeout=300)
    assert lab.returncode == 130
    assert "startlab lab --resume --out run" in err
    assert "Traceback" not in out + err
    assert processes_of(startlab.tmp) == []
    assert list(startlab.tmp.glob("startlab-*")) == []
    run = startlab.read("run")
    assert run.damaged_lines == 0
    assert [trial.experiment for trial in run.trials] == ["aaa_quick"]
    assert len(run.missing) == 2

    done = startlab("lab", "--resume", "--out", "run")
    assert done.returncode == 0, done.stderr
    run = startlab.read("run")
    assert Counter(trial.experiment for trial in run.trials) == Counter(
        ["aaa_quick", "waits", "zzz_late"]
    )
    assert run.missing == ()


def test_a_changed_catalogue_cannot_be_resumed(
    startlab: Startlab, waiting: Callable[[], None]
) -> None:
    lab = startlab.start("lab", "--backend", "native", "-e", OWN, "--out", "run")
    waiting()
    lab.send_signal(INTERRUPT)
    lab.communicate(timeout=300)
    startlab.add("more", "pass")
    done = startlab("lab", "--resume", "--out", "run")
    assert done.returncode == 2
    assert "The catalogue has changed since" in done.stderr


def test_a_killed_agent_is_replaced_and_the_trial_run_again(
    startlab: Startlab, waiting: Callable[[], None]
) -> None:
    lab = startlab.start("lab", "--backend", "native", "-e", OWN, "-j", "1", "--out", "run")
    waiting()
    (scratch,) = startlab.tmp.glob("startlab-*")
    psutil.Process(int(scratch.name.split("-")[1])).kill()
    out, err = lab.communicate(timeout=300)
    assert lab.returncode == 0, err
    assert "all as expected" in out
    assert len(startlab.read("run").trials) == 3


def test_kill_9_leaves_no_process_and_resume_completes_the_run(
    startlab: Startlab, processes_of: Any, eventually: Any
) -> None:
    """At random moments after some lines of the journal, the first of them before any."""
    chance = random.Random(20260101)  # noqa: S311 - not a secret
    options = ["lab", "--backend", "native", "-x", "countdown", "-x", "lock_held_at_fork",
               "-e", OWN, "--trials", "3", "--out", "run", "--resume"]  # fmt: skip
    file = startlab.folder / "run" / "journal.jsonl"

    def written() -> int:
        return file.read_bytes().count(b"\n") if file.exists() else 0

    for lines in (0, 1, 3, 6, 10):
        lab = startlab.start(*options)
        while written() < lines:
            assert lab.poll() is None or written() >= lines
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
        lab.kill()
        lab.communicate()
        eventually(lambda: processes_of(startlab.tmp) == [])
        if lines:
            assert startlab.read("run").damaged_lines <= 1
    done = startlab(*options)
    assert done.returncode == 0, done.stderr + done.stdout
    run = startlab.read("run")
    assert run.missing == ()
    assert len(run.trials) == len({(t.cell, t.trial) for t in run.trials})
    assert len(run.trials) == 2 * (3 * len(METHODS) + 3 - len(METHODS))  # unsupported once each
    assert list(startlab.tmp.glob("startlab-*")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="the shell, and head(1), are those of a Unix")
def test_a_reader_that_has_had_enough_is_no_error(startlab: Startlab) -> None:
    with subprocess.Popen(  # noqa: S602 - a pipe, as in a shell
        f"{sys.executable} -m startlab list | head -n 1", shell=True, text=True,
        cwd=startlab.folder, env=startlab.environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as both:  # fmt: skip
        _, err = both.communicate(timeout=300)
    assert err == ""

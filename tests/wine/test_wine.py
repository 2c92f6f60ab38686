"""CPython for Windows, under Wine: cells of the catalogue, and a crash.

Programs that break on Windows alone are those of the rule `windows`, in tests/diagnosis/rules.
"""

from __future__ import annotations

import py_compile
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import startlab
from startlab.agent import inject
from startlab.plan.environments import python_of
from startlab.results import journal
from tests.wine import images

if TYPE_CHECKING:
    from startlab.model import Run

pytestmark = [pytest.mark.targets, pytest.mark.docker, pytest.mark.wide]  # they take minutes

WINE: Final = "wine-3.12"


@pytest.fixture(scope="module", autouse=True)
def image() -> None:
    """Skip where there is none."""
    images.need(WINE)


def run(program: Path, folder: Path) -> Run:
    """Run a program alone in its folder."""
    (folder / "program").mkdir()
    shutil.copy(program, folder / "program")
    return startlab.run(
        folder / "program" / program.name,
        environments=[WINE],
        backend="docker",
        methods=["spawn"],
        explain="off",
        folder=folder / "run",
    )


MOST_TRIES = 3


def lab(folder: Path, *experiments: str) -> Run:
    """Run cells of the catalogue."""
    words = [word for each in experiments for word in ("--experiment", each)]
    argv = [sys.executable, "-m", "startlab", "lab", "--backend", "docker", "--env", WINE]
    done = subprocess.run(
        [*argv, "--method", "spawn", *words, "--out", str(folder)],
        capture_output=True,
        timeout=500,
        check=False,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return journal.read(folder)


def test_cells_of_the_catalogue_are_as_expected(tmp_path: Path) -> None:
    """And told as what they are: what spawns, what is refused, what hangs, what is made again."""
    names = ("choose_start_method", "frozen_executable:cure")
    seen = lab(tmp_path / "run", *names, "unguarded_pool", "join_before_drain")
    there = seen.environments[0].environment
    assert there is not None
    assert python_of(there) == f"Windows CPython {there.python} under Wine {there.wine}"
    assert (there.sys_platform, there.methods, there.default_method) == (
        "win32",
        ("spawn",),
        "spawn",
    )
    assert {trial.experiment: trial.as_expected for trial in seen.trials} == {
        "choose_start_method": True,
        "frozen_executable:cure": True,
        "unguarded_pool": True,
        "join_before_drain": True,
    }
    of = {trial.experiment: trial for trial in seen.trials}
    # Seen in the events, whose last field had a carriage return. On a slow machine the trial may be
    # given up as busy before enough workers have died.
    again = of["unguarded_pool"]
    for number in range(MOST_TRIES):
        if again.grade != "busy":
            break
        again = lab(tmp_path / f"again-{number}", "unguarded_pool").trials[0]
    assert (again.grade, again.where) == ("respawning", "program.py:12")
    # By the CPU times that Wine knows of processes, though not of a job.
    assert of["join_before_drain"].grade == "quiescent"


DEAD = """
import ctypes
from multiprocessing import Process

def work():
    ctypes.string_at(0)

if __name__ == "__main__":
    child = Process(target=work)
    child.start()
    child.join()
    raise SystemExit(child.exitcode)
"""


def test_the_stack_of_a_crash_has_lines_of_one_character_at_their_ends(tmp_path: Path) -> None:
    program = tmp_path / "dead.py"
    program.write_text(DEAD)
    seen = run(program, tmp_path)
    trial = seen.trials[0]
    assert trial.outcome == "crash"
    assert trial.where == "dead.py:6"
    assert trial.crash_stacks
    assert "\r" not in "".join(trial.crash_stacks)


FINE = """
import shutil
from multiprocessing import Process

if __name__ == "__main__":
    shutil.copy2(__file__, "copy.py")  # by a call that Wine lacks, from 3.12 on
    child = Process(target=print, args=("fine",))
    child.start()
    child.join()
"""


@pytest.mark.timeout(300)
def test_bytecode_that_cannot_be_kept_beside_the_installed_files_ends_nothing(
    tmp_path: Path,
) -> None:
    """The folder is there, as after a run on this host, and is read-only in the container."""
    for source in Path(inject.__path__[0]).glob("*.py"):
        py_compile.compile(str(source))
    program = tmp_path / "fine.py"
    program.write_text(FINE)
    assert [trial.outcome for trial in run(program, tmp_path).trials] == ["ok"]

"""`startlab run -- pytest`: a cell for each test and start method."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from startlab.diagnosis import diagnose
from startlab.results import journal

pytestmark = [
    pytest.mark.native,
    pytest.mark.targets,
    pytest.mark.skipif(sys.platform != "linux", reason="hangs are proven on Linux alone"),
]

FAILED = {
    ("test_lock_held_at_fork", "fork"): "hang",
    ("test_changed_global", "forkserver"): "error",
    ("test_changed_global", "spawn"): "error",
    ("test_local_function", "forkserver"): "error",
    ("test_local_function", "spawn"): "error",
    ("test_crash", "spawn"): "crash",
}


def startlab_run(
    folder: Path, *words: str, explain: str = "off"
) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Run a suite on the Python, and with the packages, that this test runs on."""
    environ = os.environ | {"PYTHONPATH": str(Path(journal.__file__).parents[2]), "NO_COLOR": "1"}
    own = ["--backend", "native", "--python", sys.executable, "--env", "venv-*"]
    if sys.prefix == sys.base_prefix:
        own[-1] = "python-*"
    done = subprocess.run(
        [sys.executable, "-m", "startlab", "run", *own, "--out", "run",
         "--explain", explain, "--", *words],
        cwd=folder, env=environ, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    return done, folder / "run"


def test_a_cell_for_each_test_and_method(made_up: Path) -> None:
    done, folder = startlab_run(made_up, "pytest", "-q")
    said = done.stdout
    run = journal.read(folder)
    failed = {
        (trial.experiment.rpartition("::")[2], trial.method): trial.outcome
        for trial in run.trials
        if not trial.as_expected
    }
    assert failed == FAILED, said
    assert not run.missing
    assert "Tests      tests/test_planted.py::test_changed_global" in said
    assert "25 more tests, run under one start method alone, passed." in said
    assert done.stderr.count("all cells done") == 1
    assert done.stderr.splitlines()[-1].startswith(f"{run.trials[0].environment}: all cells done")
    cases = ET.parse(folder / "junit.xml").iter("testcase")  # noqa: S314 - its own
    (name,) = {each.environment for each in run.trials}
    assert f"{name}.tests/test_planted.py::test_crash" in {e.get("classname") for e in cases}


def test_a_file_that_cannot_be_collected(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("import no_such_module\n", "utf-8")
    (tmp_path / "test_other.py").write_text(
        "def test_it():\n    pass\n\n\ndef test_too():\n    pass\n", "utf-8"
    )
    done, folder = startlab_run(tmp_path, "pytest", "-p", "no:cacheprovider")
    said = done.stdout
    outcomes = {trial.experiment: trial.outcome for trial in journal.read(folder).trials}
    assert outcomes == {
        "test_it.py": "error",
        "test_other.py::test_it": "ok",
        "test_other.py::test_too": "ok",
    }
    assert "test_other.py" not in done.stdout
    assert "2 more tests, run under one start method alone, passed." in done.stdout
    assert "the module no_such_module is missing" in said


@pytest.mark.wide
def test_a_test_that_a_start_method_does_not_have_is_not_ok_there(tmp_path: Path) -> None:
    text = """\
        import multiprocessing

        if multiprocessing.get_start_method() == "fork":
            def test_forked():
                child = multiprocessing.Process(target=print)
                child.start()
                child.join()
                assert child.exitcode == 7
    """
    (tmp_path / "test_methods.py").write_text(textwrap.dedent(text), "utf-8")
    _, folder = startlab_run(tmp_path, "pytest", "-q")
    ended = {trial.method: trial.outcome for trial in journal.read(folder).trials}
    assert ended == {"fork": "error", "forkserver": "unsupported", "spawn": "unsupported"}


@pytest.mark.wide
def test_a_suite_of_unittest_runs_as_one_program_or_by_pytest(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import unittest\n\n\n"
        "class Case(unittest.TestCase):\n"
        "    def test_right(self):\n        self.assertEqual(1, 1)\n\n"
        "    def test_wrong(self):\n        self.assertEqual(1, 2)\n",
        "utf-8",
    )
    done, folder = startlab_run(tmp_path, "python", "-m", "unittest")
    assert {trial.outcome for trial in journal.read(folder).trials} == {"error"}
    assert "with `startlab run -- pytest` each of them has cells of its own." in done.stderr
    folder.rename(tmp_path / "as one program")
    _, folder = startlab_run(tmp_path, "pytest")
    outcomes = {trial.experiment: trial.outcome for trial in journal.read(folder).trials}
    assert outcomes == {
        "test_it.py::Case::test_right": "ok",
        "test_it.py::Case::test_wrong": "error",
    }


@pytest.mark.wide
def test_a_cause_is_confirmed_for_all_tests_that_end_alike(tmp_path: Path) -> None:
    """Though pytest prints another warning each time: a test passes or fails."""
    (tmp_path / "rates.py").write_text(
        "RATES = {}\n\ndef rate():\n    return RATES['USD']\n", "utf-8"
    )
    (tmp_path / "conftest.py").write_text(
        "import rates\n\ndef pytest_configure():\n    rates.RATES['USD'] = 2\n"
        "\ndef pytest_runtest_setup():\n    import secrets, warnings\n"
        "    warnings.warn(''.join(secrets.choice('abcdefgh') for _ in range(20)))\n",
        "utf-8",
    )
    test = """\
        def test_{}():
            with Pool(1) as pool:
                assert pool.apply(rates.rate) == 2
        """
    tests = "".join(textwrap.dedent(test.format(name)) for name in ("one", "two"))
    text = f"import rates\nfrom multiprocessing import Pool\n\n{tests}"
    (tmp_path / "test_rates.py").write_text(text, "utf-8")
    _, folder = startlab_run(tmp_path, "pytest", "-q", explain="full")
    run = journal.read(folder)
    assert {each.test for each in run.experiments} == {"test_rates.py::test_one"}
    (found,) = diagnose(run).findings
    assert (found.mechanism, found.grade) == ("global_differs", "confirmed")
    assert found.where == "conftest.py:4"
    tests_told = {each.cell.experiment for each in found.cells}
    assert tests_told == {"test_rates.py::test_one", "test_rates.py::test_two"}


@pytest.mark.wide
def test_what_fixtures_and_threads_have_set_up_is_told(tmp_path: Path) -> None:
    """Though a helper raises the same for whatever its children have raised."""
    (tmp_path / "jobs.py").write_text(
        textwrap.dedent(
            """\
            import mimetypes
            import threading
            from multiprocessing import Process

            tenant = threading.local()

            def run(function):
                child = Process(target=function)
                child.start()
                child.join()
                if child.exitcode:
                    raise RuntimeError("the job failed")

            def guess():
                kind, _ = mimetypes.guess_type("march.ledger")
                assert kind, "no kind"

            def name():
                print(tenant.name)
            """
        ),
        "utf-8",
    )
    (tmp_path / "test_jobs.py").write_text(
        textwrap.dedent(
            """\
            import mimetypes
            import threading

            import jobs
            import pytest

            @pytest.fixture
            def kinds():
                mimetypes.add_type("application/x-ledger", ".ledger")

            def test_kind(kinds):
                jobs.run(jobs.guess)

            def test_tenant():
                failed = []

                def work():
                    jobs.tenant.name = "acme"
                    try:
                        jobs.run(jobs.name)
                    except RuntimeError as error:
                        failed.append(error)

                thread = threading.Thread(target=work)
                thread.start()
                thread.join()
                assert not failed
            """
        ),
        "utf-8",
    )
    _, folder = startlab_run(tmp_path, "pytest", "-q", explain="full")
    found = {each.mechanism: each for each in diagnose(journal.read(folder)).findings}
    assert {each.grade for each in found.values()} == {"confirmed"}
    assert found["called_by_parent"].where == "test_jobs.py:9"
    assert found["kept_by_thread"].where == "test_jobs.py:18"


@pytest.mark.wide
def test_a_test_that_fails_everywhere_is_looked_into_too(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from multiprocessing import Process\n\n"
        "def work(found):\n    found.append(1)\n\n"
        "def test_it():\n"
        "    found = []\n"
        "    child = Process(target=work, args=(found,))\n"
        "    child.start()\n"
        "    child.join()\n"
        "    assert found == [1]\n",
        "utf-8",
    )
    _, folder = startlab_run(tmp_path, "pytest", "-q", explain="full")
    (found,) = diagnose(journal.read(folder)).findings
    assert (found.mechanism, found.where) == ("kept_by_child", "test_it.py:4")

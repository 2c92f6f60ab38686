"""Which of the clues of a suite's test may be about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from startlab.diagnosis import diagnose
from startlab.diagnosis.case import Case
from startlab.diagnosis.rules import global_differs, logging_differs
from startlab.diagnosis.source.sources import Sources
from startlab.model import (
    ChangedGlobal,
    LostVariable,
    Program,
    PythonException,
    Start,
    Trial,
    Unpicklable,
)
from tests import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from startlab.model import Run

TEST = """
import os
import pytest
import shop

@pytest.fixture(autouse=True)
def client():
    shop.connect()

def ask(function):
    return function()

def test_rate():
    assert ask(shop.rate) == 2

def test_mode():
    os.environ["MODE"] = "fast"
    os.environ["THREADS"] = "1"
    assert ask(shop.mode) == "fast"
"""
SHOP = """
import os

RATE = 1
CLIENT = None
ASKED = 0

def connect():
    global CLIENT, ASKED
    CLIENT = "here"
    ASKED += 1

def fetch():
    return CLIENT

def rate():
    return RATE

def mode():
    return os.environ.get("MODE")
"""


ALL = {"shop.ASKED", "shop.CLIENT", "shop.RATE", "MODE", "THREADS"}


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ("test_it.py::test_rate", {"shop.ASKED", "shop.RATE", "THREADS"}),
        ("test_it.py::test_rate[1]", {"shop.ASKED", "shop.RATE", "THREADS"}),
        ("test_it.py::test_mode", {"shop.ASKED", "MODE", "THREADS"}),
        ("test_it.py::TestOfABase::test_it", ALL),
        ("test_it.py", ALL),
    ],
)
def test_what_a_test_cannot_use_is_no_clue(test: str, found: set[str]) -> None:
    """What the fixture only sets, a test that asks for it uses, and no other one."""
    sources = {"test_it.py": TEST, "shop.py": SHOP}
    program = Program(kind="test", name=test, target="test_it.py", root="/nowhere", sources=sources)
    trial = Trial(
        experiment=test, environment="host-3.14", method="forkserver", trial=0, outcome="error",
        reason="error", as_expected=False, expected=("ok",), program=test,
        clues=(
            ChangedGlobal(name="shop.RATE", parent="2", child="1"),
            ChangedGlobal(name="shop.CLIENT", parent="'here'", child="None"),
            ChangedGlobal(name="shop.ASKED", parent="1", child="0"),
            LostVariable(name="MODE"),
            LostVariable(name="THREADS"),
        ),
    )  # fmt: skip
    case = Case(trial, Sources(program))
    told = {clue.name for clue in case.clues(ChangedGlobal)}
    assert told | {clue.name for clue in case.clues(LostVariable)} == found


def test_what_a_fixture_changes_is_told_where_it_does_and_not_where_it_puts_it_back() -> None:
    sources = {
        "tests/test_it.py": "import shop\n\ndef test_it(session):\n    assert shop.whoami()\n",
        "tests/conftest.py": "import pytest\nimport shop\n\n@pytest.fixture\ndef session():\n"
        "    shop.connect('me')\n    yield\n    shop.session = None\n",
        "lib/shop.py": "session = None\n\ndef connect(name):\n    global session\n"
        "    session = name\n\ndef whoami():\n    return session[0]\n",
    }
    name = "tests/test_it.py::test_it"
    program = Program(
        kind="test", name=name, target="tests/test_it.py", root="/nowhere", sources=sources
    )
    stderr = (
        "Process Process-1:\nTraceback (most recent call last):\n"
        '  File "/python/lib/python3.13/multiprocessing/process.py", line 313, in _bootstrap\n'
        '    self.run()\n  File "lib/shop.py", line 8, in whoami\n    return session[0]\n'
        "TypeError: 'NoneType' object is not subscriptable\n"
    )
    trial = Trial(
        experiment=name, environment="host-3.13", method="spawn", trial=0, outcome="error",
        reason="error", as_expected=False, expected=("ok",), program=name, stderr=stderr,
        clues=(ChangedGlobal(name="shop.session", parent="'me'", child="None"),),
    )  # fmt: skip
    cause = global_differs.find(Case(trial, Sources(program)))
    assert cause is not None
    assert (cause.mechanism, cause.where) == ("global_differs", "lib/shop.py:5")


def test_of_a_variable_that_came_too_late_it_is_said_that_the_test_may_pass_alone() -> None:
    """An earlier test has started the fork server, and the line that reproduces runs one alone."""
    sources = {"test_it.py": TEST, "shop.py": SHOP}
    name = "test_it.py::test_mode"
    program = Program(kind="test", name=name, target="test_it.py", root="/nowhere", sources=sources)
    trial = Trial(
        experiment=name, environment="host-3.14", method="forkserver", trial=0, outcome="error",
        reason="error", as_expected=False, expected=("ok",), program=name, where="test_it.py:19",
        clues=(LostVariable(name="MODE"),),
    )  # fmt: skip
    cause = global_differs.in_output(Case(trial, Sources(program)))
    assert cause is not None
    assert (cause.mechanism, cause.where) == ("environment_differs", "test_it.py:17")
    assert "Alone, the test may pass" in cause.text


@pytest.mark.parametrize(
    ("check", "well", "found"),
    [
        ("assert 'low' in caplog.text", False, "captured_in_parent"),
        ("assert 'low' in caplog.text", True, None),  # then children are no matter of it
        ("assert shop.whoami()", False, None),
    ],
)
def test_what_children_say_comes_to_no_fixture_of_the_test(
    check: str, found: str | None, *, well: bool
) -> None:
    name = "test_it.py::test_it"
    sources = {"test_it.py": f"import shop\n\ndef test_it(caplog):\n    shop.run()\n    {check}\n"}
    program = Program(kind="test", name=name, target="test_it.py", root="/nowhere", sources=sources)
    trial = Trial(
        experiment=name, environment="host-3.13", method="spawn", trial=0, outcome="error",
        reason="error", as_expected=False, expected=("ok",), program=name, where="test_it.py:5",
        exception=PythonException(type="AssertionError", message="assert"),
        starts=(Start(pid=1, method="spawn", time_s=0.1, where="shop.py:1"),),
    )  # fmt: skip
    other = structs.replace(trial, method="fork", outcome="ok" if well else "error")
    cause = logging_differs.of_test(Case(trial, Sources(program), others=(other,)))
    assert (cause and cause.mechanism) == found


def suite_of(again: Callable[[Trial], Trial]) -> tuple[Run, tuple[str, str]]:
    """Make a suite of a program that was recorded: a test that ends as it did, and another one."""
    run = record.read(next(each for each in record.cases() if each.name == "unpicklable/program"))
    names = ("program.py::test_one", "program.py::test_two")
    (planned,) = run.environments
    cells = [structs.replace(each, experiment=name) for each in planned.cells for name in names]
    seen = [structs.replace(each, experiment=names[0]) for each in run.trials]
    second = [again(structs.replace(each, experiment=names[1])) for each in run.trials]
    environments = (structs.replace(planned, cells=tuple(cells)),)
    return structs.replace(run, environments=environments, trials=(*seen, *second)), names


def test_a_fixture_that_raises_again_has_the_cause_that_was_seen_when_it_failed_first() -> None:
    """The second test starts no process, and tells nothing."""
    suite, names = suite_of(
        lambda trial: structs.replace(trial, starts=(), method_used=(), clues=())
    )
    (found,) = diagnose(suite).findings
    assert (found.mechanism, found.where) == ("unpicklable", "program.py:15")
    assert {each.cell.experiment for each in found.cells} == set(names)


def test_what_cannot_be_pickled_is_one_cause_of_all_tests_that_hand_it_over() -> None:
    def elsewhere(trial: Trial) -> Trial:
        clues = [
            structs.replace(each, where="program.py:20") if isinstance(each, Unpicklable) else each
            for each in trial.clues
        ]
        return structs.replace(trial, where="program.py:20", clues=tuple(clues))

    suite, names = suite_of(elsewhere)
    (found,) = diagnose(suite).findings
    assert (found.mechanism, found.where) == ("unpicklable", "program.py:15")
    assert {each.cell.experiment for each in found.cells} == set(names)

"""Which of the clues of a suite's test may be about it."""

from __future__ import annotations

import pytest

from startlab.diagnosis.case import Case
from startlab.diagnosis.source.sources import Sources
from startlab.model import ChangedGlobal, LostVariable, Program, Trial

TEST = """
import os
import shop

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

def rate():
    return RATE

def mode():
    return os.environ.get("MODE")
"""


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ("test_it.py::test_rate", {"shop.RATE", "THREADS"}),
        ("test_it.py::test_rate[1]", {"shop.RATE", "THREADS"}),
        ("test_it.py::test_mode", {"MODE", "THREADS"}),
        ("test_it.py::TestOfABase::test_it", {"shop.RATE", "MODE", "THREADS"}),
        ("test_it.py", {"shop.RATE", "MODE", "THREADS"}),
    ],
)
def test_what_a_test_cannot_use_is_no_clue(test: str, found: set[str]) -> None:
    sources = {"test_it.py": TEST, "shop.py": SHOP}
    program = Program(kind="test", name=test, target="test_it.py", root="/nowhere", sources=sources)
    trial = Trial(
        experiment=test, environment="host-3.14", method="forkserver", trial=0, outcome="error",
        reason="error", as_expected=False, expected=("ok",), program=test,
        clues=(
            ChangedGlobal(name="shop.RATE", parent="2", child="1"),
            LostVariable(name="MODE"),
            LostVariable(name="THREADS"),
        ),
    )  # fmt: skip
    case = Case(trial, Sources(program))
    told = {clue.name for clue in case.clues(ChangedGlobal)}
    assert told | {clue.name for clue in case.clues(LostVariable)} == found

"""What is told of an exception by its words is told only where they mean that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from startlab.diagnosis.case import Case
from startlab.diagnosis.rules import code_page
from startlab.diagnosis.source.sources import Sources
from startlab.model import Program, Trial
from tests.diagnosis.test_answer import LINUX
from tests.diagnosis.test_answer import windows as windows_with

if TYPE_CHECKING:
    from startlab.diagnosis.case import Cause
    from startlab.model import Environment

PROGRAM = Program(
    kind="script", name="p.py", target="p.py", root="/nowhere",
    sources={"p.py": 'open("notes", "w", encoding="cp1252").write("✓")\n'},
)  # fmt: skip
STDERR = """Traceback (most recent call last):
  File "p.py", line 1, in <module>
    open("notes", "w", encoding="cp1252").write("✓")
UnicodeEncodeError: 'charmap' codec can't encode character '\\u2713' in position 0
"""


def cause(environment: Environment) -> Cause | None:
    trial = Trial(
        experiment="p.py", environment=environment.name, method="spawn", trial=0, outcome="error",
        reason="", as_expected=False, expected=("ok",), program="p.py", stderr=STDERR,
    )  # fmt: skip
    return code_page.find(Case(trial, Sources(PROGRAM), environment=environment))


def test_a_code_page_is_blamed_on_windows_alone() -> None:
    assert cause(LINUX) is None
    assert cause(windows_with("8.0")) is not None

"""A pytest within the test, in a process and a folder of its own."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

collect_ignore = ["made_up"]  # the tests copy it

MADE_UP = Path(__file__).parent / "made_up"


class Ran(NamedTuple):
    """How a pytest ended: its exit status, what it printed, and each test's outcome."""

    status: int
    text: str
    outcomes: dict[str, str]

    def failed(self) -> dict[str, str]:
        return {test: how for test, how in self.outcomes.items() if how in ("failure", "error")}

    def details(self, test: str) -> str:
        """Give what is printed under the heading of a failure."""
        found = re.search(
            rf"^_+ {re.escape(test)} _+$\n(.*?)(?=^_+ \S+ _+$|^=+ )",
            self.text,
            re.DOTALL | re.MULTILINE,
        )
        assert found is not None, self.text
        return found[1]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run pytest as a user does, in the folder of `pytester`."""
    for name in [each for each in os.environ if each.startswith(("PYTEST_", "COV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "120")

    def run(*args: str) -> Ran:
        xml = pytester.path / "junit.xml"
        xml.unlink(missing_ok=True)
        done = pytester.runpytest_subprocess(f"--junitxml={xml}", *args, timeout=300)
        outcomes = {}
        for case in ET.parse(xml).iter("testcase") if xml.exists() else ():  # noqa: S314 - its own
            name = f"{case.get('classname')}.{case.get('name')}".strip(".")
            outcomes[name] = next(
                (each.tag for each in case if each.tag in ("failure", "error", "skipped")), "passed"
            )
        return Ran(int(done.ret), done.stdout.str() + done.stderr.str(), outcomes)

    return run


@pytest.fixture
def made_up(pytester: pytest.Pytester) -> Path:
    """Copy the suite with planted failures."""
    shutil.copytree(MADE_UP, pytester.path, dirs_exist_ok=True)
    return pytester.path

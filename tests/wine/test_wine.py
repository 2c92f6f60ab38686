"""Programs that break on Windows alone, seen from Linux: CPython for Windows, under Wine.

A comment above a line of each says what must be found there. Where no image of the environment has
been built, they are skipped: it takes some minutes and 1 GB.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import startlab
from startlab.backends.docker.engine import connect
from startlab.backends.docker.images import BuildOptions, Images
from startlab.diagnosis import diagnose
from startlab.diagnosis.rules import MECHANISMS
from startlab.errors import EngineError

if TYPE_CHECKING:
    from startlab.model import Run

pytestmark = [pytest.mark.targets, pytest.mark.docker]

WINE: Final = "wine-3.12"
PROGRAMS: Final = sorted((Path(__file__).parent / "programs").glob("*.py"))
FINDS: Final = re.compile(r"^ *# finds: (\w+)$", re.MULTILINE)


@pytest.fixture(scope="module", autouse=True)
def image() -> None:
    """Skip where there is none."""
    try:
        client = connect()
    except EngineError as error:
        pytest.skip(str(error))
    try:
        there = Images(client, BuildOptions(), print).existing(WINE)
    finally:
        client.close()
    if there is None:
        pytest.skip(f"no image of it: startlab images build --env {WINE}")


def run(program: Path, folder: Path) -> Run:
    """Run a program alone in its folder."""
    (folder / "program").mkdir()
    shutil.copy(program, folder / "program")
    return startlab.run(
        folder / "program" / program.name,
        environments=[WINE],
        backend="docker",
        methods=["spawn"],
        folder=folder / "run",
    )


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: each.stem)
def test_what_breaks_on_windows_alone_is_found_at_its_line_with_a_cure(
    program: Path, tmp_path: Path
) -> None:
    text = program.read_text("utf-8")
    marked = FINDS.search(text)
    assert marked is not None
    line = text.count("\n", 0, marked.end()) + 2
    seen = run(program, tmp_path)
    there = seen.environments[0].environment
    assert there is not None
    assert (there.sys_platform, there.wine[:1].isdigit()) == ("win32", True)
    first = diagnose(seen).findings[0]
    assert (first.mechanism, first.where) == (marked[1], f"{program.name}:{line}")
    assert MECHANISMS[first.mechanism].advice
    assert first.grade == "shown"

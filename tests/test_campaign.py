"""A small part of the campaign: all of it is `nox -s campaign`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.native,
    pytest.mark.targets,
    pytest.mark.skipif(sys.platform != "linux", reason="it attacks what Linux has"),
]

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("part", "most"), [("programs", 12), ("inputs", 12), ("kills", 6)])
def test_nothing_of_a_part_of_the_campaign_breaks_it(part: str, most: int) -> None:
    """The same cases every time: the whole of it chooses others."""
    said = ["--part", part, "--most", f"{most}", "--seed", "1", "--jobs", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaign", *said],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": os.fspath(ROOT)}, capture_output=True,
        encoding="utf-8", timeout=500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{part}: {most} tried, 0 problems, 0 things left" in done.stdout

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


@pytest.mark.skipif(
    Path(sys.prefix).is_relative_to("/tmp") or ROOT.is_relative_to("/tmp"),  # noqa: S108 - no use
    reason="the campaign has a /tmp of its own, which hides this interpreter",
)
def test_nothing_of_a_part_of_the_campaign_breaks_it() -> None:
    """The same cases every time: the whole of it chooses others.

    Its kills depend on the moment, and belong to `nox -s campaign` alone.
    """
    said = ["--part", "inputs", "--most", "12", "--seed", "1", "--jobs", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaign", *said],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": os.fspath(ROOT)}, capture_output=True,
        encoding="utf-8", timeout=500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "inputs: 12 tried, 0 problems, 0 things left" in done.stdout

"""What the pytest plugin costs where it is not asked for, and how soon a hang is reported.

`python bench/pytest_plugin.py` needs pytest beside startlab.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

RUNS = 15
HANGS = 5

SUITE = """
import multiprocessing
import time

import pytest

@pytest.mark.start_methods("fork")
@pytest.mark.parametrize("number", range({hangs}))
def test_hang(number, record_property):
    ends = multiprocessing.Pipe()
    with open("began", "w") as file:
        file.write(repr(time.time()))
    ends[0].recv()
"""

REPORTED = """
import pathlib
import time

def pytest_runtest_logreport(report):
    if report.failed:
        print("REPORTED", time.time() - float(pathlib.Path("began").read_text()))
"""


def main() -> None:
    """Print both."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_plain.py").write_text("def test_it():\n    pass\n", "utf-8")
        with_it, without = _collecting(folder), _collecting(folder, "-p", "no:startlab")
    print(f"pytest --co: {with_it:.1f} ms of CPU with the plugin, {without:.1f} without")
    with tempfile.TemporaryDirectory() as folder:
        text = textwrap.dedent(SUITE).format(hangs=HANGS)
        Path(folder, "test_hang.py").write_text(text, "utf-8")
        Path(folder, "conftest.py").write_text(textwrap.dedent(REPORTED), "utf-8")
        told = _pytest(folder, "-s", "--start-methods=fork")
    seconds = sorted(float(line.split()[1]) for line in told.splitlines() if "REPORTED" in line)
    print(
        f"standstill to FAILED, {len(seconds)} hangs: median {statistics.median(seconds):.2f} s, "
        f"longest {seconds[-1]:.2f} s"
    )


def _collecting(folder: str, *args: str) -> float:
    """Give the least CPU time of a collection, in milliseconds: others use this machine too."""
    least = float("inf")
    for _ in range(RUNS):
        before = _used_s()
        _pytest(folder, "--co", "-q", *args)
        least = min(least, _used_s() - before)
    return 1000 * least


def _used_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _pytest(folder: str, *args: str) -> str:
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *args]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.replace("FREPORTED", "\nREPORTED")


if __name__ == "__main__":
    began = time.monotonic()
    main()
    print(f"measured in {time.monotonic() - began:.0f} s")

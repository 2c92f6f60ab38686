"""What the pytest plugin costs where it is not asked for, and how soon a hang is reported.

`python bench/pytest_plugin.py` needs pytest beside startlab.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from uv import find_uv_bin

ROOT = str(Path(__file__).parents[1])
PAIRS = 40
ROUNDS = 2

SUITE = """
import asyncio
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor

import pytest

LOCK = threading.Lock()

def soon():
    "Note when a thread is about to wait; the last one's note is when all of it stands still."
    with open(os.environ["BEGAN"], "a") as file:
        print(time.time(), file=file)

def wait_for(event):
    soon()
    event.wait()

def locked():
    soon()
    LOCK.acquire()

def forever(_=None):
    soon()
    multiprocessing.Event().wait()

def pipe():
    ends = multiprocessing.Pipe()
    soon()
    ends[0].recv()

def queue():
    results = multiprocessing.Queue()
    soon()
    results.get()

def lock_taken_twice():
    with LOCK:
        locked()

def lock_held_at_fork():
    with LOCK:
        process = multiprocessing.Process(target=locked)
        process.start()
        process.join()

def child_of_a_thread():
    event = threading.Event()
    thread = threading.Thread(target=wait_for, args=(event,), daemon=True)
    thread.start()
    process = multiprocessing.Process(target=wait_for, args=(event,))
    process.start()
    process.join()

def pool():
    with multiprocessing.Pool(2) as workers:
        workers.map(forever, range(2))

def executor():
    with ProcessPoolExecutor(2) as workers:
        workers.submit(forever).result()

def barrier():
    wait_for(multiprocessing.Barrier(2))

def future():
    async def main():
        soon()
        await asyncio.get_running_loop().create_future()
    asyncio.run(main())

def standard_input():
    argv = [sys.executable, "-c", "input()"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as process:
        soon()
        process.wait()

def fifo():
    path = f"{{os.environ['BEGAN']}}.{{time.time()}}"
    os.mkfifo(path)
    fd = os.open(path, os.O_RDWR)
    soon()
    os.read(fd, 1)

KINDS = (pipe, queue, lock_taken_twice, lock_held_at_fork, child_of_a_thread, pool, executor,
         barrier, future, standard_input, fifo)

@pytest.mark.start_methods("fork")
@pytest.mark.parametrize("number", range({rounds}))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_hang(kind, number):
    open(os.environ["BEGAN"], "w").close()
    kind()
"""

REPORTED = """
import os
import pathlib
import time

def pytest_runtest_logreport(report):
    if report.failed:
        began = max(map(float, pathlib.Path(os.environ["BEGAN"]).read_text().split()))
        how = report.startlab["outcome"]
        print("REPORTED", time.time() - began, report.nodeid.partition("[")[2], how)
"""

PARTS = """
import time
from importlib.metadata import distributions

import pytest

def ms(call):
    taken = []
    for _ in range(5):
        began = time.process_time()
        call()
        taken.append(1000 * (time.process_time() - began))
    return min(taken)

there = list(distributions())
print(f"  {2 * ms(lambda: [each.entry_points for each in there]):.1f} ms entry points, read twice")
for each in there:
    if any(point.group == "pytest11" for point in each.entry_points):
        name, files = each.name, len(each.files)
        print(f"  {ms(lambda: list(map(str, each.files))):.1f} ms {files} files of {name}")
        for point in each.entry_points.select(group="pytest11"):
            began = time.process_time()
            point.load()
            print(f"  {1000 * (time.process_time() - began):.1f} ms import of {point.value}")
"""
"""What pytest does for each installed distribution, and for those that have a plugin."""


def main() -> None:
    """Print both."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_plain.py").write_text("def test_it():\n    pass\n", "utf-8")
        alone, beside = (_environment(f"{folder}/{len(name)}", name) for name in ("pytest", ROOT))
        pairs = []
        for number in range(PAIRS):
            first, second = (alone, beside) if number % 2 else (beside, alone)
            used = {python: _collecting(python, folder) for python in (first, second)}
            pairs.append(used[beside] - used[alone])
        parts = subprocess.run(
            [beside, "-c", PARTS], capture_output=True, text=True, check=True
        ).stdout
    print(f"pytest --co beside startlab: {statistics.median(pairs):.1f} ms of CPU more, of these")
    print(parts, end="")
    with tempfile.TemporaryDirectory() as folder:
        text = textwrap.dedent(SUITE).format(rounds=ROUNDS)
        Path(folder, "test_hang.py").write_text(text, "utf-8")
        Path(folder, "conftest.py").write_text(textwrap.dedent(REPORTED), "utf-8")
        os.environ["BEGAN"] = f"{folder}/began"
        told = _pytest(folder, "-s", "--start-methods=fork")
    said = [line.split()[1:] for line in told.splitlines() if line.startswith("REPORTED")]
    for seconds, test, outcome in said:
        print(f"  {float(seconds):.2f} s {test} {outcome}")
    taken = sorted(float(each[0]) for each in said)
    print(
        f"standstill to FAILED, {len(taken)} hangs: median {statistics.median(taken):.2f} s, "
        f"longest {taken[-1]:.2f} s"
    )


def _environment(folder: str, package: str) -> str:
    """Make an environment with pytest, and a package that it may be beside: give its Python.

    `-p no:startlab` would not do: pytest reads the list of files of all that has a plugin.
    """
    python = f"{folder}/bin/python"
    for words in (
        ("venv", "--python", sys.executable, folder),
        ("pip", "install", "--python", python, "pytest", package),
    ):
        subprocess.run([find_uv_bin(), "--quiet", *words], check=True)
    subprocess.run([python, "-m", "compileall", "-q", folder], check=True)
    _collecting(python, folder)  # and pytest's own bytecode, of plugins whose asserts it rewrites
    return python


def _collecting(python: str, folder: str) -> float:
    """Give the CPU time of a collection, in milliseconds."""
    before = _used_s()
    _pytest(folder, "--co", "-q", "test_plain.py", python=python)
    return 1000 * (_used_s() - before)


def _used_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _pytest(folder: str, *args: str, python: str = sys.executable) -> str:
    argv = [python, "-m", "pytest", "-p", "no:cacheprovider", *args]
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False)
    return done.stdout.replace("FREPORTED", "\nREPORTED")


if __name__ == "__main__":
    began = time.monotonic()
    main()
    print(f"measured in {time.monotonic() - began:.0f} s")

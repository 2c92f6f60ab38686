"""`startlab why`, as it is typed: what it prints, writes and exits with."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from startlab.backends.py_spy import py_spy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.native,
    pytest.mark.targets,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a thread waits for"),
    pytest.mark.skipif(py_spy() is None, reason="there is no py-spy here"),
]

MOST_WORDS = 30

LOCKED = """
import threading
lock = threading.Lock()
lock.acquire()
print("ready", flush=True)
lock.acquire()
"""
ASLEEP = """
import time
print("ready", flush=True)
time.sleep(600)
"""


def why(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-W", "error", "-m", "startlab", "why", *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120, cwd=cwd)


@pytest.fixture
def hung(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    yield from started(tmp_path / "app.py", LOCKED)


@pytest.fixture
def alive(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    yield from started(tmp_path / "app.py", ASLEEP)


def started(path: Path, text: str) -> Iterator[subprocess.Popen[str]]:
    path.write_text(text)
    with subprocess.Popen(
        [sys.executable, str(path)], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def until(status: int, *words: str) -> str:
    """Ask until it is at rest: it says that it is ready just before."""
    for _ in range(20):
        done = why(*words)
        if done.returncode == status:
            return done.stdout
    pytest.fail(f"{done.returncode}: {done.stdout}{done.stderr}")


def test_a_hang_is_one_short_sentence_first_and_exit_status_1(
    hung: subprocess.Popen[str], tmp_path: Path
) -> None:
    out = until(1, str(hung.pid))
    first, _, rest = out.partition("\n")
    assert re.match(r"Deadlock(, unless an alarm is armed)?: no thread of the process", first)
    assert len(first.split()) <= MOST_WORDS
    assert f"\n- The program (pid {hung.pid}) at app.py:6 waits for the lock `lock`" in out
    for heading in ("Who waits for whom", "Stacks", "Likely cause:", "What to do:", "Assumed:"):
        assert heading in rest
    assumed = rest.partition("Assumed:")[2]
    assert assumed.count("outside") == 1
    number = tmp_path / "app.pid"
    number.write_text(f"{hung.pid}\n")
    assert first.partition(":")[0] in until(1, "--pid-file", str(number))


def test_what_is_dumped_says_the_same_elsewhere(
    hung: subprocess.Popen[str], tmp_path: Path
) -> None:
    dump, page = tmp_path / "hang.json", tmp_path / "hang.html"
    out = until(1, str(hung.pid), "--dump", str(dump), "--html", str(page))
    hung.kill()
    hung.wait()
    done = why(str(dump))
    assert done.returncode == 1
    assert done.stdout.partition("Stacks")[0] == out.partition("Stacks")[0]
    assert "waitGraph" in page.read_text("utf-8")
    said = json.loads(why(str(dump), "--json").stdout)
    assert said["verdict"]["kind"] == "deadlock"
    assert said["sentence"] == out.partition("\n")[0]
    assert "Not seen" not in out
    for process in said["look"]["processes"]:
        for thread in process["threads"]:
            thread["stack"] = []
    dump.write_text(json.dumps(said["look"]), "utf-8")
    without = " ".join(why(str(dump)).stdout.split())
    assert "Not seen: Python stacks, so no line is named: py-spy is not installed" in without


def test_a_program_that_sleeps_is_alive(alive: subprocess.Popen[str]) -> None:
    done = why(str(alive.pid))
    assert done.returncode == 0
    assert done.stdout.startswith("Alive: ")


def test_watching_ends_with_the_hang(hung: subprocess.Popen[str]) -> None:
    assert "Deadlock" in until(1, str(hung.pid), "--watch", "1")


def test_watching_ends_with_the_program(alive: subprocess.Popen[str]) -> None:
    argv = [sys.executable, "-m", "startlab", "why", str(alive.pid), "--watch", "1"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as watching:
        with pytest.raises(subprocess.TimeoutExpired):
            watching.communicate(timeout=2)
        alive.kill()
        alive.wait()
        assert watching.communicate(timeout=60)[0] == "The program has ended.\n"
        assert watching.returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Name processes by their numbers"),
        (["no-such-file"], "neither a process's number nor a file"),
        ([__file__], "is not what --dump writes"),
        (["999999999"], "There is no process 999999999"),
        (["--pid-file", __file__], "has no process's number"),
        (["/dev/zero"], "a pipe or a device"),
        (["--watch", "nan", "1"], "nan is not a number of seconds"),
        (["--name", "("], "is not a regular expression"),
        (["--name", "there-is-no-such-program"], "No process's command line matches"),
    ],
)
def test_bad_usage_is_one_message(words: list[str], said: str) -> None:
    done = why(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_lists_and_does_not_guess(alive: subprocess.Popen[str], tmp_path: Path) -> None:
    done = why("--name", re.escape(str(tmp_path)))
    assert done.returncode == 2
    assert re.search(rf"^ *{alive.pid} ", done.stdout, re.MULTILINE)


WITHOUT_RIGHTS = """
import ctypes, os, sys
for capability in range(64):
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP: none is left by an exec
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root has rights")
def test_missing_rights_name_the_command_that_works(alive: subprocess.Popen[str]) -> None:
    """A process without capabilities may not look into one that has some: ptrace(2)."""
    why = [sys.executable, "-m", "startlab", "why", str(alive.pid)]
    argv = [sys.executable, "-c", WITHOUT_RIGHTS, *why]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    said = " ".join(done.stderr.split())
    assert re.search(rf"may not be looked into .*SYS_PTRACE .* why {alive.pid}`", said)

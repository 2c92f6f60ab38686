"""Which loops go round forever and change nothing, by their source."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from startlab.agent.proof.loops import round_of

if TYPE_CHECKING:
    from pathlib import Path


def judged(tmp_path: Path, source: str) -> str:
    """Tell what the line with `# here` is in."""
    file = tmp_path / "program.py"
    text = textwrap.dedent(source)
    file.write_text(text)
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "# here" in each)
    found = round_of(str(file), line)
    if found is None:
        return "may end"
    return "harmless" if found.harmless else "unknown"


@pytest.mark.parametrize(
    "source",
    [
        "while process.is_alive():\n    process.join(0.5)  # here",
        "while True:\n    print('working', time.time())\n    time.sleep(1)  # here",
        "while not all(each.ready() for each in results):\n    sleep(0.1)  # here",
        """
        while True:
            try:
                results.get(timeout=0.3)  # here
                break
            except Empty:
                pass
        """,
        """
        beats = 0
        while worker.is_alive():
            worker.join(0.1)  # here
            beats += 1
            print("beat", beats)
        """,
        "while True:\n    sys.stdout.write('.')\n    event.wait(1)  # here",
        """
        while any(each.is_alive() for each in workers):
            for each in workers:
                each.join(0.1)  # here
        """,
        """
        while True:
            for each in workers:
                if not each.is_alive():
                    break
                each.join(0.1)  # here
            print("waiting")
        """,
    ],
)
def test_a_loop_that_only_asks_is_harmless(tmp_path: Path, source: str) -> None:
    assert judged(tmp_path, source) == "harmless"


@pytest.mark.parametrize(
    "source",
    [
        "time.sleep(9)  # here",
        "for _ in range(10):\n    process.join(0.3)  # here",
        "while True:\n    for _ in range(10):\n        process.join(0.3)  # here\n    break",
        "while True:\n    for each in every:\n        each.join(0.3)  # here\n    break",
        "while True:\n    for each in every:\n        join(1)  # here\n    else:\n        break",
        "while True:\n    for each in every:\n        each.join(0.3)  # here\n    raise Late",
        "every = pauses()\nwhile True:\n    for each in every:\n        sleep(each)  # here",
        "every = (f(n) for n in a)\nwhile True:\n    for each in every:\n        sleep(1)  # here",
        "def f():\n    yield 1\nwhile True:\n    for each in every:\n        sleep(each)  # here",
        "while True:\n    for each in every:\n        each.join(0.3)  # here\n    every.pop()",
        "while True:\n    for each in every:\n        each.join(0.3)  # here\n    tell(each)",
        "while time.time() < end:\n    process.join(0.3)  # here",
        "while left:\n    process.join(0.3)  # here\n    left -= 1",
        "while left:\n    process.join(0.3)  # here\n    left = left - 1",
        "while self.left:\n    process.join(0.3)  # here\n    self.left -= 1",
        "while True:\n    time.sleep(1)  # here\n    lock.close()",
        "while True:\n    pass\nelse:\n    time.sleep(1)  # here",
        "while True:\n    def work():\n        time.sleep(1)  # here\n    work()",
        "def tick():\n    process.kill()\nwhile True:\n    time.sleep(1)  # here\n    tick()",
        "while True:\n    print 'Python 2'  # here",
    ],
)
def test_a_loop_that_counts_or_acts_may_end(tmp_path: Path, source: str) -> None:
    assert judged(tmp_path, source) == "may end"


@pytest.mark.parametrize(
    "source",
    [
        "while True:\n    time.sleep(1)  # here\n    self.report()",
        "def tick():\n    event.set()\nwhile True:\n    time.sleep(1)  # here\n    tick()",
        "while True:\n    time.sleep(1)  # here\n    lock.release()",
        "def is_alive():\n    return True\nwhile is_alive():\n    time.sleep(1)  # here",
    ],
)
def test_a_loop_that_calls_something_else_is_unknown(tmp_path: Path, source: str) -> None:
    assert judged(tmp_path, source) == "unknown"


def test_what_a_module_beside_defines_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "countdown.py").write_text("class Countdown:\n    def is_alive(self): ...\n")
    assert judged(tmp_path, "while countdown.is_alive():\n    sleep(1)  # here") == "unknown"


def test_a_file_that_is_gone_says_nothing(tmp_path: Path) -> None:
    assert round_of(str(tmp_path / "program.py"), 1) is None

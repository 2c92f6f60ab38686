"""Which handlers of signals only print, by their source."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest

if sys.platform != "linux":
    pytest.skip("only Linux shows which signals are caught", allow_module_level=True)

from startlab.agent.proof.handlers import only_print, takes_by_with

if TYPE_CHECKING:
    from tests.conftest import Write

TERM, HUP = 1 << signal.SIGTERM - 1, 1 << signal.SIGHUP - 1

PRINTS = [
    "signal.signal(signal.SIGTERM, lambda *_: print('asked', time.time()))",
    "signal.signal(signal.SIGTERM, handle)\ndef handle(number, frame): logging.info('asked')",
    (
        "signal.signal(signal.SIGTERM, handle)\ndef handle(number, frame):\n    global stop\n"
        "    stop = True\n    if number == 15:\n        sys.stderr.write(f'{number}')"
    ),
    (
        "signal.signal(signal.SIGTERM, handle)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "def handle(number, frame): pass"
    ),
]
MAY_WAKE = [
    "signal.signal(signal.SIGTERM, lambda *_: stop.set())",
    "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))",
    "signal.signal(signal.SIGTERM, lambda *_: print(work.put(None)))",
    "signal.signal(signal.SIGTERM, handle)\ndef handle(number, frame): raise SystemExit",
    "signal.signal(signal.SIGTERM, handle)\ndef handle(number, frame): self.stop = True",
    (
        "signal.signal(signal.SIGTERM, handle)\ndef handle(number, frame): print('x')\n"
        "def print(text): stop.set()"
    ),
    "signal.signal(signal.SIGTERM, self.handle)",
    "signal.signal(number, lambda *_: print('asked'))",
    "signal.signal(signal.SIGHUP, lambda *_: print('asked'))",
    "signal.signal(signal.SIGTERM, print)\nloop.add_signal_handler(signal.SIGHUP, stop.set)",
    "signal.signal(signal.SIGTERM, lambda *_: print('asked'))\nsignal.signal(",
    "stop.wait()",
]


@pytest.mark.parametrize("text", PRINTS)
def test_they_only_print(text: str, write: Write) -> None:
    assert only_print(str(write(text)), TERM)


@pytest.mark.parametrize("text", MAY_WAKE)
def test_they_may_end_a_wait(text: str, write: Write) -> None:
    assert not only_print(str(write(text)), TERM)


def test_all_that_are_caught_must_be_known(write: Write) -> None:
    program = write(PRINTS[0])
    assert not only_print(str(program), TERM | HUP)
    assert not only_print(str(program.with_name("none.py")), TERM)


@pytest.mark.parametrize("imports", ["import other", "from other import stop", "import a_package"])
def test_an_imported_module_may_install_another_one(imports: str, write: Write) -> None:
    program = write(f"{imports}\n{PRINTS[0]}")
    (program.parent / "a_package").mkdir()
    write("signal.signal(signal.SIGTERM, stop.set)", "other.py")
    assert not only_print(str(program), TERM)


def test_what_is_not_imported_installs_nothing(write: Write) -> None:
    program = write(PRINTS[0])
    write("signal.signal(signal.SIGTERM, stop.set)", "other.py")
    assert only_print(str(program), TERM)


@pytest.mark.parametrize(("line", "by_with"), [(1, True), (2, False), (3, False), (4, True)])
def test_what_takes_a_lock_by_with(line: int, write: Write, *, by_with: bool) -> None:
    program = write("with lock:\n    other.acquire()\nlock.acquire()\nwith (one, two[0]): pass")
    assert takes_by_with(str(program), line) == by_with

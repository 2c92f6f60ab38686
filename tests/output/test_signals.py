"""What a process died by, by its exit status and where it ran."""

from __future__ import annotations

import signal
import sys

import pytest

from startlab.output import signals


@pytest.mark.parametrize(
    ("exit_status", "sys_platform", "name"),
    [
        (None, "linux", None),
        (0, "linux", None),
        (255, "win32", None),
        (-11, "linux", "SIGSEGV"),
        (-11, "darwin", "SIGSEGV"),
        (-7, "linux", "SIGBUS"),
        (-10, "linux", "SIGUSR1"),
        (-10, "darwin", "SIGBUS"),
        (-15, "win32", "SIGTERM"),  # terminate() of multiprocessing
        (-99, "linux", "signal 99"),
        (0xC0000005, "win32", "STATUS_ACCESS_VIOLATION"),
        (0xC000013A, "win32", "STATUS_CONTROL_C_EXIT"),
        (0xC0000420, "win32", "status 0xc0000420"),
    ],
)
def test_names(exit_status: int | None, sys_platform: str, name: str | None) -> None:
    assert signals.name_of(exit_status, sys_platform) == name


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_they_are_those_of_this_platform() -> None:
    here = sys.platform
    if int(signal.SIGBUS) == 7:  # also where macOS is only shown
        here = "linux"
    for each in signal.Signals:
        assert signals.name_of(-each, here) == each.name


def test_what_is_a_crash_has_a_name() -> None:
    names = {signals.name_of(-number, "linux") for number in range(1, 32)}
    names |= {signals.name_of(status) for status in range(0xC0000000, 0xC0000500)}
    assert names >= signals.CRASHES

"""Which Python stacks are those of the standard library's polling loops, and which only look so."""

from __future__ import annotations

import json
import shlex
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from startlab.agent import stacks as reading
from startlab.agent.proof.pollers import all_pollers, is_poller, is_spinner
from startlab.agent.stacks import Frame, Stack, stacks, stacks_in_motion

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="paths in stacks are those of a Unix"
)

LIB = "/usr/lib/python3"


def stack(*frames: tuple[str, str], ident: int | None = None) -> Stack:
    found = tuple(Frame(LIB + file, 1, function) for file, function in frames)
    return Stack(None, "", found, ident=ident)


POOL = stack(("/multiprocessing/pool.py", "_handle_workers"), ("/threading.py", "run"))
MANAGER = stack(
    ("/threading.py", "wait"),
    ("/threading.py", "wait"),
    ("/multiprocessing/managers.py", "serve_forever"),
)
MANAGER_QUALIFIED = stack(
    ("/threading.py", "Condition.wait"),
    ("/threading.py", "Event.wait"),
    ("/multiprocessing/managers.py", "Server.serve_forever"),
)
POOL_SINCE_3_8 = stack(
    ("/selectors.py", "select"),
    ("/multiprocessing/connection.py", "wait"),
    ("/multiprocessing/pool.py", "_wait_for_updates"),
    ("/multiprocessing/pool.py", "_handle_workers"),
)
TIMER = stack(("/threading.py", "wait"), ("/threading.py", "wait"), ("/threading.py", "run"))
POOL_BUSY = stack(
    ("/multiprocessing/pool.py", "_join_exited_workers"),
    *[(frame.file[len(LIB) :], frame.function) for frame in POOL.frames],
)
RUN = ("/threading.py", "run")
OWN_POOL = stack(("/../me/pool.py", "_handle_workers"), RUN)
ANOTHER_LIBRARY = stack(("/site-packages/that/multiprocessing/pool.py", "_handle_workers"), RUN)


@pytest.mark.parametrize("found", [POOL, MANAGER, MANAGER_QUALIFIED])
def test_pollers(found: Stack) -> None:
    assert is_poller(found)


@pytest.mark.parametrize(
    "found", [POOL_SINCE_3_8, TIMER, POOL_BUSY, OWN_POOL, ANOTHER_LIBRARY, stack()]
)
def test_others(found: Stack) -> None:
    assert not is_poller(found)


FIRST, SECOND = (0x1000, 0x2000), (0x4000, 0x5000)
"""The memory of two stacks."""


def test_every_thread_with_a_timeout_must_be_one() -> None:
    pool, other = POOL._replace(ident=0x1F00), TIMER._replace(ident=0x4F00)
    assert all_pollers([pool, other], 1, {7: FIRST})
    assert not all_pollers([pool, other], 1, {8: SECOND})  # and 7 waits forever
    assert not all_pollers([pool, other], 1, {7: FIRST, 8: SECOND})
    assert not all_pollers([POOL, TIMER], 1, {7: FIRST})
    assert not all_pollers([], 1, {7: FIRST})


def test_the_first_thread_has_its_stack_elsewhere() -> None:
    manager = MANAGER._replace(frames=(*MANAGER.frames, Frame("a.py", 1, "<module>")), ident=0x7F00)
    assert all_pollers([manager, TIMER], 1, {1: FIRST})
    assert not all_pollers([manager, TIMER], 1, {7: FIRST})


def test_numbers_tell_which_thread_is_which() -> None:
    known = [POOL._replace(tid=7), TIMER._replace(tid=8)]
    assert all_pollers(known, 1, {7: FIRST})
    assert not all_pollers(known, 1, {8: FIRST})


BEGINNING = (
    ("/threading.py", "Thread.run"),
    ("/threading.py", "Thread._bootstrap_inner"),
    ("/threading.py", "Thread._bootstrap"),
)
LOOP = ("/multiprocessing/pool.py", "Pool._handle_workers")
UPDATES = ("/multiprocessing/pool.py", "Pool._wait_for_updates")
SPINNER = stack(("/selectors.py", "_PollLikeSelector.select"), UPDATES, LOOP, *BEGINNING)
WORKING = stack(("/queue.py", "get"), *BEGINNING)
MAIN = stack(("/threading.py", "wait"), ("", "<module>"))


@pytest.mark.parametrize(
    "found", [SPINNER, stack(LOOP, *BEGINNING), stack(UPDATES, LOOP, *BEGINNING)]
)
def test_spinners(found: Stack) -> None:
    assert is_spinner(found)


@pytest.mark.parametrize(
    "found",
    [
        stack(),
        stack(LOOP),
        stack(UPDATES, LOOP, ("/site-packages/tool.py", "work"), *BEGINNING),
        stack(("/site-packages/tool.py", "__getstate__"), LOOP, *BEGINNING),
        stack(("/multiprocessing/pool.py", "Pool._repopulate_pool"), LOOP, *BEGINNING),
        stack(("/multiprocessing/pool.py", "Pool._handle_results"), *BEGINNING),
        stack(("/home/me/pool.py", "_handle_workers"), *BEGINNING),
    ],
)
def test_who_runs_something_else_is_no_spinner(found: Stack) -> None:
    assert not is_spinner(found)


def test_a_spinner_is_known_by_its_number() -> None:
    known = [SPINNER._replace(tid=7), WORKING._replace(tid=8), MAIN._replace(tid=6)]
    assert all_pollers(known, 1, {}, running={7})
    assert not all_pollers(known, 1, {}, running={8})  # and 7 waits for ever
    assert not all_pollers(known, 1, {}, running={7, 8})
    assert not all_pollers(known, 1, {9: FIRST}, running={7})
    assert not all_pollers(known[1:], 1, {}, running={7})


def test_a_spinner_without_a_number_has_the_lock() -> None:
    assert all_pollers([SPINNER._replace(has_gil=True), MAIN], 1, {}, running={7})
    assert not all_pollers([SPINNER, WORKING._replace(has_gil=True)], 1, {}, running={7})
    assert not all_pollers([SPINNER, WORKING], 1, {}, running={7})  # in C, say
    assert not all_pollers([SPINNER._replace(has_gil=True), SPINNER], 1, {}, running={7, 8})


# --- reading them ---

TORN: list[dict[str, Any]] = [{"frames": [{"filename": "a.py", "line": 3, "name": "work"}]}]
WHOLE = [{"frames": [*TORN[0]["frames"], {"filename": "a.py", "line": 9, "name": "<module>"}]}]


@pytest.fixture
def reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Make a py-spy that reads one thing after another, and at last the same again and again.

    The real one tears the stacks of a thread that runs only now and then.
    """
    if sys.platform == "win32":
        pytest.skip("there is no sh")
    monkeypatch.setattr(reading, "TRY_S", 60.0)

    def reads(*every: object) -> str:
        for number, threads in enumerate(every):
            (tmp_path / f"{number}.json").write_text(json.dumps(threads), "utf-8")
        spy = tmp_path / "py-spy"
        spy.write_text(
            f"#!/bin/sh\ncd {shlex.quote(str(tmp_path))}\n"
            'set -- *.json\ncat "$1"\n[ $# = 1 ] || rm "$1"\n',
            "utf-8",
        )
        spy.chmod(0o700)
        return str(spy)

    return reads


def in_a_minute() -> float:
    return time.monotonic() + 60


def test_stacks_in_motion_are_read_until_none_is_torn(reads: Callable[..., str]) -> None:
    (found,) = stacks_in_motion(reads([], TORN, WHOLE, TORN), 1, in_a_minute())
    assert [frame.function for frame in found.frames] == ["work", "<module>"]


def test_of_torn_reads_the_best_is_given_when_the_time_is_over(
    reads: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "TRY_S", 1.0)
    found = stacks_in_motion(reads([], WHOLE + TORN, TORN), 1, in_a_minute())
    assert [len(each.frames) for each in found] == [2, 1]
    assert stacks_in_motion(reads(TORN, WHOLE), 1, time.monotonic() - 1) == stacks(reads(TORN), 1)


def test_no_py_spy_no_stacks() -> None:
    assert stacks("/nowhere/py-spy", 1) == []
    assert stacks("/bin/false", 1) == []

"""Reading what the injection told, from files written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from startlab.agent import events
from startlab.agent.events import Event
from startlab.model import Start

if TYPE_CHECKING:
    from pathlib import Path


def test_a_line_is_an_event(tmp_path: Path) -> None:
    file = tmp_path / "events"
    file.write_bytes(
        b"interpreter\t7\t100.5\t1\n"
        b"start\t7\t101.25\t42\tfork\tC:\\\\tmp\\\\a b.py:3\n"
        b"forced\t7\t102\tspawn\n"
    )
    assert events.read(str(file)) == [
        Event("interpreter", 7, 100.5, ["1"]),
        Event("start", 7, 101.25, ["42", "fork", "C:\\tmp\\a b.py:3"]),
        Event("forced", 7, 102.0, ["spawn"]),
    ]


@pytest.mark.parametrize(
    "broken",
    [b"", b"st", b"start\t", b"start\t7", b"start\tx\t1\n", b"start\t7\tx\n", b"\n\n", b"\xff"],
)
def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path, broken: bytes) -> None:
    file = tmp_path / "events"
    file.write_bytes(b"forced\t7\t1\tfork\n" + broken)
    assert [each.kind for each in events.read(str(file))] == ["forced"]


def test_a_file_that_the_program_removed_tells_nothing(tmp_path: Path) -> None:
    assert events.read(str(tmp_path / "events")) == []


def test_a_path_may_hold_odd_characters(tmp_path: Path) -> None:
    file = tmp_path / "events"
    file.write_text("start\t7\t1\t42\tfork\t/a\u2028b\x0c.py:3\n", "utf-8")
    (event,) = events.read(str(file))
    assert event.fields[2] == "/a\u2028b\x0c.py:3"


@pytest.mark.parametrize(
    ("kinds", "method", "expected"),
    [
        (["interpreter", "forced"], "spawn", True),
        (["interpreter"], "spawn", None),  # it never imported multiprocessing
        ([], "spawn", False),  # -I
        (["forced"], "spawn", False),  # a child's alone
        (["interpreter", "unforced"], "spawn", False),
        (["interpreter", "forced", "unforced"], "spawn", False),
        ([], None, None),
        (["interpreter"], None, None),
    ],
)
def test_forced(kinds: list[str], method: str | None, *, expected: bool | None) -> None:
    told = [
        Event(kind, 8 if kind == "forced" and len(kinds) == 1 else 7, 1.0, []) for kind in kinds
    ]
    assert events.forced(told, method, 7) is expected


def test_starts_are_put_together_with_their_ends() -> None:
    told = [
        Event("start", 7, 100.5, ["42", "fork", "a.py:3"]),
        Event("start", 7, 100.6, ["43", "spawn", ""]),
        Event("interpreter", 8, 100.7, ["7"]),
        Event("end", 7, 101.0, ["42", "8", "0"]),
        Event("end", 9, 101.0, ["43", "8", "1"]),  # a child's copy of it
        Event("end", 7, 101.1, ["99", "8", "1"]),
        Event("start", 7, 101.5, ["42", "fork", "a.py:4"]),  # the id is used again
        Event("end", 7, 102.0, ["42", "10", "-9"]),
    ]
    starts = msgspec.convert(events.starts(told, 100.0), list[Start])
    assert starts[1].time_s == pytest.approx(0.6)
    assert starts == [
        Start(pid=7, method="fork", time_s=0.5, where="a.py:3", child=8, exit_code=0, exit_s=1.0),
        Start(pid=7, method="spawn", time_s=starts[1].time_s),
        Start(pid=7, method="fork", time_s=1.5, where="a.py:4", child=10, exit_code=-9, exit_s=2.0),
    ]


def test_what_was_cut_within_a_line_is_no_start() -> None:
    told = [Event("start", 7, 1.0, ["42"]), Event("end", 7, 1.0, ["42", "8"])]
    assert events.starts(told, 0.0) == []

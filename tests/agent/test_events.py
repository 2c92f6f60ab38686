"""Reading the injection's events, from files written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from startlab.agent import events
from startlab.agent.events import Event
from startlab.model import Clue, Start

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
        Start(
            pid=7,
            method="fork",
            time_s=0.5,
            where="a.py:3",
            child=8,
            launched_s=starts[0].launched_s,
            exit_code=0,
            exit_s=1.0,
        ),
        Start(pid=7, method="spawn", time_s=starts[1].time_s),
        Start(pid=7, method="fork", time_s=1.5, where="a.py:4", child=10, exit_code=-9, exit_s=2.0),
    ]


def test_a_child_that_was_never_waited_for_is_known_by_its_name_and_when_it_began() -> None:
    told = [
        Event("begin", 8, 99.0, ["3", "Process-1", "inherited"]),  # the number was another's
        Event("start", 7, 100.0, ["42", "spawn", "a.py:3"]),
        Event("state", 7, 100.0, ["Process-1"]),
        Event("interpreter", 8, 100.25, ["7"]),
        Event("begin", 8, 100.5, ["7", "Process-1", "imported"]),
        Event("begin", 8, 101.0, ["7", "Process-1", "imported"]),
    ]
    assert msgspec.convert(events.starts(told, 100.0), list[Start]) == [
        Start(
            pid=7, method="spawn", time_s=0, where="a.py:3", child=8, launched_s=0.25, began_s=0.5
        )
    ]


def test_children_of_the_same_name_are_not_told_apart() -> None:
    told = []
    for key in ("42", "43"):
        told.append(Event("start", 7, 100.0, [key, "fork", ""]))
        told.append(Event("state", 7, 100.0, ["worker"]))
    told.append(Event("begin", 8, 100.5, ["7", "worker", "inherited"]))
    assert [start.get("child") for start in events.starts(told, 100.0)] == [None, None]


def test_what_was_cut_within_a_line_is_no_start() -> None:
    told = [Event("start", 7, 1.0, ["42"]), Event("end", 7, 1.0, ["42", "8"])]
    assert events.starts(told, 0.0) == []


# --- clues -------------------------------------------------------------------------------------


def clues(*told: Event) -> list[Clue]:
    return msgspec.convert(events.clues(list(told)), list[Clue])


def test_what_one_event_tells_is_counted_over_processes() -> None:
    found = clues(
        Event("unguarded", 8, 1.0, ["a.py:3"]),
        Event("unguarded", 9, 1.0, ["a.py:3"]),
        Event("pinned", 7, 1.0, ["fork", "get_context", "a.py:4"]),
        Event("at exit", 8, 1.0, ["shutil.rmtree", "a.py:5"]),
        Event("unpicklable", 7, 1.0, ["A.lock via target=a.run", "_thread.lock", "a.py:6"]),
        Event("sent", 7, 1.0, ["8", "15", "a.py:7"]),
        Event("sent", 7, 1.0, ["8", "x", "a.py:7"]),
        Event("unguarded", 7, 1.0, []),
    )
    assert found == [
        Clue(kind="unguarded", where="a.py:3", count=2),
        Clue(kind="pinned", name="fork", where="a.py:4", parent="get_context"),
        Clue(kind="exit handler", name="shutil.rmtree", where="a.py:5"),
        Clue(kind="unpicklable", name="A.lock via target=a.run", where="a.py:6",
             parent="_thread.lock"),
        Clue(kind="signal sent", name="15", where="a.py:7", child="8"),
    ]  # fmt: skip


def test_what_is_shared_is_made_again_only_by_those_that_import_the_main_module() -> None:
    def made(pid: int, importing: str, where: str = "a.py:3") -> Event:
        return Event("made", pid, 1.0, ["Queue", where, "spawn", importing])

    own = made(7, "", "a.py:9")
    queue = [made(7, ""), made(7, ""), made(8, "importing"), made(8, "importing")]
    assert clues(own, *queue, made(9, "importing")) == [
        Clue(kind="made again", name="Queue", where="a.py:3", count=2)
    ]
    assert clues(made(7, ""), made(8, "")) == []
    assert clues(made(8, "importing")) == []


def test_what_is_made_for_fork_and_used_with_spawn_is_of_another_context() -> None:
    def used(made: str, started: str) -> list[Clue]:
        return clues(
            Event("made", 7, 1.0, ["Lock", "a.py:3", made, ""]),
            Event("start", 7, 1.1, ["42", started, "a.py:4"]),
        )

    assert used("fork", "spawn") == [
        Clue(kind="other context", name="Lock", where="a.py:3", parent="fork", child="spawn")
    ]
    assert used("spawn", "forkserver") == used("fork", "fork") == []


def state(name: str, *items: str) -> Event:
    return Event("state", 7, 1.0, [name, *items])


def begin(pid: int, name: str, *items: str, how: str = "imported") -> Event:
    return Event("begin", pid, 1.1, ["7", name, how, *items])


def test_a_child_is_compared_with_what_its_parent_had_when_it_started_it() -> None:
    found = clues(
        state("one", "global", "A", "1", "global", "B", "2"),
        state("two", "global", "A", "1", "global", "B", "3"),
        begin(8, "one", "global", "A", "1", "global", "B", "2"),
        begin(9, "two", "global", "A", "1", "global", "B", "2"),
        begin(10, "two", "global", "A", "1"),
    )
    assert [clue for clue in found if clue.kind == "global"] == [
        Clue(kind="global", name="B", parent="3", child="2"),
        Clue(kind="global", name="B", parent="3"),
    ]


def test_a_variable_of_the_environment_is_missed_by_its_name() -> None:
    found = clues(
        state("one", "environment", "", "A B"),
        begin(8, "one", "environment", "", "", "names", "", "B HOME"),
    )
    assert Clue(kind="environment", name="A", parent="set") in found
    assert len(found) == 2  # and how it has the main module


def test_two_children_with_one_state_draw_the_same_numbers() -> None:
    found = clues(
        begin(8, "one", "random", "R", "1f"),
        begin(9, "two", "random", "R", "1f"),
        begin(10, "three", "random", "R", "2e"),
    )
    assert Clue(kind="same random", name="R", count=2) in found


def test_what_is_inherited_counts_only_where_the_main_module_is() -> None:
    said = ("handler", "SIGTERM", "stop at a.py:3", "open", "LOG", "TextIOWrapper")
    assert [clue.kind for clue in clues(begin(8, "one", *said))] == ["main"]
    assert clues(begin(8, "one", *said, how="inherited"))[1:] == [
        Clue(kind="inherited handler", name="SIGTERM", parent="stop at a.py:3"),
        Clue(kind="inherited open", name="LOG", parent="TextIOWrapper"),
    ]


def test_threads_at_a_fork() -> None:
    assert clues(
        Event("forked", 8, 1.0, ["7", "Thread-1 (ship) at a.py:3"]),
        Event("native", 8, 1.0, ["3", "openblas", "libgomp"]),
    ) == [
        Clue(kind="thread at fork", name="Thread-1 (ship)", where="a.py:3"),
        Clue(kind="native threads at fork", name="3", parent="openblas libgomp"),
    ]


TEXT = st.text(max_size=5)


@given(st.lists(st.tuples(
    st.sampled_from(["made", "state", "begin", "forked", "native", "sent", "pinned", "start"]),
    st.integers(1, 9), st.lists(TEXT | st.sampled_from(["7", "importing", "global"]), max_size=9),
), max_size=8))  # fmt: skip
def test_whatever_a_program_writes_there_is_read(told: list[tuple[str, int, list[str]]]) -> None:
    found = clues(*(Event(kind, pid, 1.0, fields) for kind, pid, fields in told))
    assert len(found) <= events.MOST_CLUES

"""Reading the injection's events, from files written by hand."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from startlab.agent import events, respawn
from startlab.agent.events import Event
from startlab.diagnosis.settings import SETTINGS, TABLE
from startlab.model import (
    AnyClue,
    ChangedGlobal,
    ChangedSetting,
    Clue,
    ExitCodeRead,
    ExitHandler,
    FailureRead,
    InheritedHandler,
    LostVariable,
    MadeAgain,
    MainModule,
    NativeThreadsAtFork,
    Observation,
    OtherContext,
    PinnedMethod,
    RanOut,
    RootLogger,
    SameRandom,
    SignalSent,
    Start,
    TaskFailed,
    ThreadAtFork,
    UnguardedStart,
    Unpicklable,
)

if TYPE_CHECKING:
    from pathlib import Path


def told(kind: str, pid: int, time_s: float, *fields: str) -> Event:
    return events.parsed([kind, str(pid), repr(time_s), *fields])


def test_a_line_is_an_event(tmp_path: Path) -> None:
    file = tmp_path / "events"
    file.write_bytes(
        b"interpreter\t7\t100.5\t1\n"
        b"start\t7\t101.25\t42\tfork\tC:\\\\tmp\\\\a b.py:3\n"
        b"forced\t7\t102\tspawn\n"
    )
    assert events.read(str(file)) == (
        [
            Event("interpreter", 7, 100.5, {"parent": 1}),
            Event(
                "start",
                7,
                101.25,
                {"key": "42", "method": "fork", "where": "C:\\tmp\\a b.py:3"},
            ),
            Event("forced", 7, 102.0, {"method": "spawn"}),
        ],
        0,
    )


GOOD = {
    "interpreter": ["1"],
    "forced": ["fork"],
    "unforced": ["fork"],
    "not inside": ["multiprocessing.pool"],
    "start": ["42", "fork", "a.py:3"],
    "end": ["42", "8", "-15"],
    "forked": ["7", "Thread-1", "a.py:3", "a.py:9", "?", "", ""],
    "native threads at fork": ["3", "openblas", "libgomp"],
    "forked by": ["billiard", "a.py:3"],
    "made": ["Queue", "a.py:3", "spawn", "importing", "/mp-abc"],
    "state": ["Process-1", "global", "A", "1"],
    "begin": ["7", "Process-1", "inherited", "global", "A", "1", "random", "R", "1f"],
    "came": ["global", "tool.A", "1"],
    "undrawn": ["random"],
    "unguarded": ["a.py:3", "a.py:9"],
    "pinned": ["loky", "get_context", "a.py:3"],
    "exit handler": ["shutil.rmtree", "a.py:3"],
    "unpicklable": [
        "target=a.run",
        "bound",
        "A.lock",
        "A.lock",
        "_thread.lock",
        "a.py:3",
        "",
        "a.py:9",
    ],
    "signal sent": ["8", "15", "a.py:3"],
    "exit code read": ["3", "a.py:3"],
    "task failed": ["Traceback"],
    "failure read": ["a.py:3"],
    "system exit": ["2", "a.py:3"],
    "raised": ["Process child: ValueError"],
    "ran out": ["join", "50", "a.py:3"],
    "left unsent": ["3", "sdk.Exporter", "Thread-1", "gone", "a.py:3"],
    "opened": ["connection", "127.0.0.1:80", "requests", "a.py:3"],
    "moved": ["a.py:3"],
    "other parent": ["7", "8"],
    "patched": ["threading._start_new_thread", "gevent"],
    "replaced": ["shop.rates", "fetch", "mock.patch", "responses", "a.py:3"],
    "noted": ["line", "a.py:9", "a.py:3"],
    "not applied": ["lock", "AttributeError: _at_fork_reinit"],
}
"""An event of each kind, as it is told."""


def written(folder: Path, *lines: bytes) -> str:
    file = folder / "events"
    file.write_bytes(b"".join(lines))
    return str(file)


def line(kind: str, fields: list[str], pid: str = "7", time_s: str = "1.5") -> bytes:
    return "\t".join([kind, pid, time_s, *fields]).encode() + b"\n"


@pytest.mark.parametrize("kind", events.FIELDS)
def test_each_kind_is_read_and_more_or_less_than_it_has_is_not(tmp_path: Path, kind: str) -> None:
    good, names = GOOD[kind], list(events.FIELDS[kind])
    read = events.read(written(tmp_path, line(kind, good)))
    assert [(each.kind, each.pid, each.time_s) for each in read.events] == [(kind, 7, 1.5)]
    assert (list(read.events[0].fields), read.dropped) == ([n.lstrip("*") for n in names], 0)
    fixed = [name for name in names if not name.startswith("*")]
    wrong = [line(kind, good[: len(fixed) - 1])] if fixed else []
    wrong += [line(kind, [*good, "more"])] if fixed == names else []
    read = events.read(written(tmp_path, *wrong, line(kind, good)))
    assert (len(read.events), read.dropped) == (1, len(wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(b"st", id="cut off in its kind"),
        pytest.param(b"start\t", id="without a process"),
        pytest.param(b"start\t7", id="without a time"),
        pytest.param(b"\xff\xfe\0", id="no text"),
        pytest.param(line("song", []), id="of no kind"),
        pytest.param(line("forced", ["fork"], pid="x"), id="pid no number"),
        pytest.param(line("forced", ["fork"], pid="-7"), id="pid negative"),
        pytest.param(line("forced", ["fork"], pid=""), id="pid empty"),
        pytest.param(line("forced", ["fork"], pid="7" * 30), id="pid of 30 digits"),
        pytest.param(line("forced", ["fork"], pid="²"), id="pid a superscript"),
        pytest.param(line("forced", ["fork"], time_s="x"), id="time no number"),
        pytest.param(line("forced", ["fork"], time_s="nan"), id="time nan"),
        pytest.param(line("forced", ["fork"], time_s="-inf"), id="time infinite"),
        pytest.param(line("forced", ["fork"], time_s="1e999"), id="time too great"),
        pytest.param(line("start", ["42", "teleport", ""]), id="method unknown"),
        pytest.param(line("start", ["42", "fork", "somewhere"]), id="where no line"),
        pytest.param(line("start", ["42", "fork", "a.py:x"]), id="where no number"),
        pytest.param(line("end", ["42", "8", "NOTINT"]), id="exit code no number"),
        pytest.param(line("end", ["42", "8", ""]), id="exit code empty"),
        pytest.param(line("end", ["42", "8", "1.0"]), id="exit code no integer"),
        pytest.param(line("end", ["42", "-8", "1"]), id="child negative"),
        pytest.param(line("end", ["42", "²", "1"]), id="child a superscript"),
        pytest.param(line("signal sent", ["8", "TERM", ""]), id="signal no number"),
        pytest.param(line("exit code read", ["x", "a.py:3"]), id="code no number"),
        pytest.param(line("native threads at fork", ["many"]), id="threads no number"),
        pytest.param(line("forked", ["7", "Thread-1"]), id="thread without a place"),
        pytest.param(line("forked", ["7", "Thread-1", "there", ""]), id="thread at no line"),
        pytest.param(line("made", ["Queue", "a.py:3", "spawn", "maybe", ""]), id="importing maybe"),
        pytest.param(line("state", ["one", "global", "A"]), id="item without a value"),
        pytest.param(line("state", ["one", "song", "A", "1"]), id="item of no kind"),
        pytest.param(line("begin", ["x", "one", "imported"]), id="parent no number"),
        pytest.param(line("begin", ["7", "one", "stolen"]), id="main module stolen"),
    ],
)
def test_what_does_not_fit_is_dropped_and_counted(tmp_path: Path, wrong: bytes) -> None:
    good = line("forced", ["fork"])
    read = events.read(written(tmp_path, good, wrong))
    assert ([each.kind for each in read.events], read.dropped) == (["forced"], 1)
    if wrong.endswith(b"\n"):
        read = events.read(written(tmp_path, wrong, good))
        assert ([each.kind for each in read.events], read.dropped) == (["forced"], 1)


def test_empty_lines_are_no_events_and_none_is_dropped(tmp_path: Path) -> None:
    assert events.read(written(tmp_path, b"\n\n")) == ([], 0)
    assert events.read(written(tmp_path)) == ([], 0)


def test_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    lines = [line(kind, fields) for kind, fields in GOOD.items()]
    as_there = [each.replace(b"\n", b"\r\n") for each in lines]
    assert events.read(written(tmp_path, *as_there)) == events.read(written(tmp_path, *lines))


def test_a_file_that_the_program_removed_tells_nothing(tmp_path: Path) -> None:
    assert events.read(str(tmp_path / "events")) == ([], 0)


@pytest.mark.parametrize(
    ("written_as", "where"),
    [
        (b"/a\xe2\x80\xa8b\x0c.py:3", "/a\u2028b\x0c.py:3"),
        (b"/a\xff.py:3", "/a\\xff.py:3"),
        (b"/a\\udcff.py:3", "/a\\udcff.py:3"),  # as Python 3 writes that name
        (b"/a\\tb\\nc\\rd\\\\t.py:3", "/a\tb\nc\rd\\t.py:3"),
    ],
)
def test_a_path_may_hold_odd_characters(tmp_path: Path, written_as: bytes, where: str) -> None:
    read = events.read(written(tmp_path, b"start\t7\t1\t42\tfork\t" + written_as + b"\n"))
    assert [each.fields["where"] for each in read.events] == [where]
    msgspec.convert(events.starts(read.events, 0.0), list[Start])


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
    seen = [
        Event(kind, 8 if kind == "forced" and len(kinds) == 1 else 7, 1.0, {}) for kind in kinds
    ]
    assert events.forced(seen, method, 7) is expected


def test_starts_are_put_together_with_their_ends() -> None:
    seen = [
        told("start", 7, 100.5, "42", "fork", "a.py:3"),
        told("start", 7, 100.6, "43", "spawn", ""),
        told("interpreter", 8, 100.7, "7"),
        told("end", 7, 101.0, "42", "8", "0"),
        told("end", 9, 101.0, "43", "8", "1"),  # a child's copy of it
        told("end", 7, 101.1, "99", "8", "1"),
        told("start", 7, 101.5, "42", "fork", "a.py:4"),  # the id is used again
        told("end", 7, 102.0, "42", "10", "-9"),
    ]
    starts = msgspec.convert(events.starts(seen, 100.0), list[Start])
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


def test_a_child_that_nobody_waited_for_is_known_by_its_name_and_when_it_began() -> None:
    seen = [
        told("begin", 8, 99.0, "3", "Process-1", "inherited"),  # the number was another's
        told("start", 7, 100.0, "42", "spawn", "a.py:3"),
        told("state", 7, 100.0, "Process-1"),
        told("interpreter", 8, 100.25, "7"),
        told("begin", 8, 100.5, "7", "Process-1", "imported"),
        told("begin", 8, 101.0, "7", "Process-1", "imported"),
    ]
    assert msgspec.convert(events.starts(seen, 100.0), list[Start]) == [
        Start(
            pid=7, method="spawn", time_s=0, where="a.py:3", child=8, launched_s=0.25, began_s=0.5
        )
    ]


def test_children_of_the_same_name_are_not_told_apart() -> None:
    seen = []
    for key in ("42", "43"):
        seen.append(told("start", 7, 100.0, key, "fork", ""))
        seen.append(told("state", 7, 100.0, "worker"))
    seen.append(told("begin", 8, 100.5, "7", "worker", "inherited"))
    assert [start.get("child") for start in events.starts(seen, 100.0)] == [None, None]


# --- both sides of the table --------------------------------------------------------------------


def injected(name: str) -> ast.Module:
    return ast.parse((TABLE.parent / name).read_bytes())


def test_what_is_put_into_programs_tells_what_the_table_says() -> None:
    kinds = set()
    for file in TABLE.parent.glob("*.py"):
        for call in ast.walk(injected(file.name)):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "tell":
                kind, *fields = call.args
                name = ast.literal_eval(kind)
                names = list(events.FIELDS[name])
                kinds.add(name)
                single = [each for each in fields if not isinstance(each, ast.Starred)]
                if single == fields:
                    assert len(fields) == len(names), name
                else:
                    assert names[-1].startswith("*"), name
                    assert len(single) < len(names), name
    assert kinds == set(events.FIELDS)


def test_every_setting_of_the_table_is_looked_at_and_no_other() -> None:
    inside = list(ast.walk(injected("startlab_state.py")))
    calls = [each for each in inside if isinstance(each, ast.Call)]
    used = [each.args[0] for each in calls if getattr(each.func, "id", "") == "usually"]
    assert {each.value for each in used if isinstance(each, ast.Constant)} <= set(SETTINGS)
    assert set(SETTINGS) <= {each.value for each in inside if isinstance(each, ast.Constant)}
    assert not any(" " in key for key in SETTINGS)  # where the part of one begins


def test_a_clue_of_one_event_has_its_fields() -> None:
    kinds = {kind.__struct_config__.tag: kind for kind in get_args(AnyClue)}
    for kind in events.ALONE:
        names = {name.lstrip("*") for name in events.FIELDS[kind]}
        assert names == set(kinds[kind].__struct_fields__) - {"count"}


# --- clues -------------------------------------------------------------------------------------


def clues(*seen: Event) -> list[Clue]:
    found = events.clues(list(seen))
    kinds = {kind.__struct_config__.tag: kind for kind in get_args(AnyClue)}
    for clue in found:  # what the model does not know would be left out without a word
        assert set(clue) - {"kind"} == set(kinds[clue["kind"]].__struct_fields__)
    clues: list[Clue] = msgspec.json.decode(json.dumps(found), type=list[AnyClue])
    return clues


def test_what_one_event_tells_is_counted_over_processes() -> None:
    assert clues(
        told("unguarded", 8, 1.0, "a.py:3", "a.py:9"),
        told("unguarded", 9, 1.0, "a.py:3", "a.py:9"),
        told("pinned", 7, 1.0, "fork", "get_context", "a.py:4"),
        told("exit handler", 8, 1.0, "shutil.rmtree", "a.py:5"),
        told(
            "unpicklable", 7, 1.0, "target=f", "", "A.lock", "B.a", "_thread.lock", "a.py:6", "", ""
        ),
        told("signal sent", 7, 1.0, "8", "15", "a.py:7"),
        told("signal sent", 7, 1.0, "", "15", ""),
        told("exit code read", 7, 1.0, "3", "a.py:8"),
        told("task failed", 7, 1.0, "OSError: no"),
        told("failure read", 7, 1.0, "a.py:10"),
    ) == [
        UnguardedStart(where="a.py:3", imported="a.py:9", count=2),
        PinnedMethod(method="fork", by="get_context", where="a.py:4"),
        ExitHandler(handler="shutil.rmtree", where="a.py:5"),
        Unpicklable(
            given="target=f", attribute="A.lock", own="B.a", type="_thread.lock", where="a.py:6"
        ),
        SignalSent(number=15, child=8, where="a.py:7"),
        SignalSent(number=15),
        ExitCodeRead(code=3, where="a.py:8"),
        TaskFailed(traceback="OSError: no"),
        FailureRead(where="a.py:10"),
    ]


def test_what_is_shared_is_made_again_only_by_those_that_import_the_main_module() -> None:
    def made(pid: int, importing: str, where: str = "a.py:3") -> Event:
        return told("made", pid, 1.0, "Queue", where, "spawn", importing, "/mp-abc")

    own = made(7, "", "a.py:9")
    queue = [made(7, ""), made(7, ""), made(8, "importing"), made(8, "importing")]
    assert clues(own, *queue, made(9, "importing")) == [
        MadeAgain(type="Queue", where="a.py:3", count=2)
    ]
    assert clues(made(7, ""), made(8, "")) == []
    assert clues(made(8, "importing")) == []


def test_what_is_made_for_fork_and_used_with_spawn_is_of_another_context() -> None:
    def used(made: str, *started: str) -> list[Clue]:
        return clues(
            told("made", 7, 1.0, "Lock", "a.py:3", made, "", "/mp-abc"),
            *(told("start", 7, 1.1, "42", each, "a.py:4") for each in started),
        )

    assert used("fork", "spawn", "forkserver", "fork") == [
        OtherContext(
            type="Lock", where="a.py:3", made_for="fork", used_with=("forkserver", "spawn")
        )
    ]
    assert used("spawn", "forkserver") == used("fork", "fork") == []


def state(name: str, *items: str) -> Event:
    return told("state", 7, 1.0, name, *items)


def begin(pid: int, name: str, *items: str, how: str = "imported") -> Event:
    return told("begin", pid, 1.1, "7", name, how, *items)


def test_a_child_is_compared_with_what_its_parent_had_when_it_started_it() -> None:
    assert clues(
        state("one", "global", "A", "1", "global", "B", "2"),
        state("two", "global", "A", "1", "global", "B", "3", "logging", "root", "INFO"),
        begin(8, "one", "global", "A", "1", "global", "B", "2"),
        begin(9, "two", "global", "A", "1", "global", "B", "2", "logging", "root", "INFO"),
        begin(10, "two", "global", "A", "1", "logging", "root", "WARNING"),
    ) == [
        MainModule(how="imported", count=3),
        ChangedGlobal(name="B", parent="3", child="2"),
        ChangedGlobal(name="B", parent="3"),
        RootLogger(parent="INFO", child="WARNING"),
    ]


def test_a_setting_is_told_by_its_key_and_its_part() -> None:
    limit, prec, level = (
        "sys.getrecursionlimit() ",
        "decimal.getcontext().{0} prec",
        "{0} tool.LEVEL",
    )
    found = clues(
        state("one", "setting", limit, "9", "setting", prec, "7", "value", level, "3"),
        begin(8, "one", "setting", limit, "1000", "value", level, "2"),
        begin(9, "one", "setting", limit, "9", "setting", prec, "7"),
    )
    assert found[1:] == [
        ChangedSetting(setting="sys.getrecursionlimit()", part="", parent="9", child="1000"),
        ChangedSetting(setting="decimal.getcontext().{0}", part="prec", parent="7"),
        ChangedSetting(setting="{0}", part="tool.LEVEL", parent="3", child="2"),
    ]
    names = [clue.name for clue in found if isinstance(clue, ChangedSetting)]
    assert names == ["sys.getrecursionlimit()", "decimal.getcontext().prec", "tool.LEVEL"]


def test_a_module_that_comes_later_is_compared_when_it_comes() -> None:
    assert clues(
        state("one", "global", "tool.A", "2", "global", "tool.B", "2", "global", "tool.C", "2"),
        begin(8, "one", "module", "other", ""),
        told("came", 8, 1.2, "global", "tool.A", "1", "global", "tool.B", "2"),
        told("came", 9, 1.2, "global", "tool.A", "3"),  # of a process that nobody saw begin
    ) == [MainModule(how="imported"), ChangedGlobal(name="tool.A", parent="2", child="1")]


def test_a_child_has_the_function_that_the_parent_has_replaced() -> None:
    said = ("global", "f", "fake at a.py:3", "global", "tool.f", "MagicMock", "global", "g", "1")
    assert clues(
        state("one", *said),
        begin(8, "one", "module", "__mp_main__", "f"),
        told("came", 8, 1.2, "module", "tool", "f"),
    ) == [
        MainModule(how="imported"),
        ChangedGlobal(name="f", parent="fake at a.py:3", child="<function f>"),
        ChangedGlobal(name="g", parent="1", child=None),
        ChangedGlobal(name="tool.f", parent="MagicMock", child="<function f>"),
    ]


def test_a_variable_of_the_environment_is_missed_by_its_name() -> None:
    assert clues(
        state("one", "environment", "", "A B"),
        begin(8, "one", "environment", "", "", "names", "", "B HOME"),
    ) == [MainModule(how="imported"), LostVariable(name="A")]


def test_two_children_with_one_state_draw_the_same_numbers() -> None:
    found = clues(
        begin(8, "one", "random", "R", "1f"),
        begin(9, "two", "random", "R", "1f"),
        begin(10, "three", "random", "R", "2e"),
        begin(11, "four", "random", "R", "1f"),
        told("undrawn", 11, 1.2, "R"),
    )
    assert SameRandom(name="R", count=2) in found


def test_what_is_inherited_counts_only_where_the_main_module_is() -> None:
    said = ("handler", "SIGTERM", "stop at a.py:3")
    assert clues(begin(8, "one", *said)) == [MainModule(how="imported")]
    assert clues(begin(8, "one", *said, how="inherited")) == [
        MainModule(how="inherited"),
        InheritedHandler(signal="SIGTERM", handler="stop at a.py:3"),
    ]


def test_threads_at_a_fork() -> None:
    seen = [
        told("forked", 8, 1.0, "7", "Thread-1 at work", "a.py:3", "a.py:9", "?", "", ""),
        told("native threads at fork", 8, 1.0, "3", "openblas", "libgomp"),
    ]
    assert events.threads_at_fork(seen) == {
        8: (("Thread-1 at work", "a.py:3", "a.py:9"), ("?", None, None))
    }
    assert clues(*seen) == [
        NativeThreadsAtFork(number=3, libraries=("openblas", "libgomp")),
        ThreadAtFork(name="Thread-1 at work", where="a.py:3", started="a.py:9"),
        ThreadAtFork(name="?"),
    ]


STARTED = (told("start", 7, 1.0, "42", "spawn", "a.py:2"), told("state", 7, 1.0, "Process-1"))
OTHER = (told("start", 7, 1.0, "43", "spawn", "a.py:2"), told("state", 7, 1.0, "Process-2"))
RAN_OUT = told("ran out", 7, 1.1, "join", "50", "a.py:3")
BEGUN = told("begin", 8, 1.2, "7", "Process-1", "imported")


def test_a_wait_runs_out_before_the_child_has_begun() -> None:
    seen = clues(*STARTED, RAN_OUT, BEGUN)
    assert RanOut(call="join", limit_ms=50, where="a.py:3") in seen


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param((*STARTED, BEGUN, RAN_OUT), id="the child had begun"),
        pytest.param((RAN_OUT, *STARTED, BEGUN), id="no child was started"),
        pytest.param((*STARTED, RAN_OUT, BEGUN, RAN_OUT), id="it is asked again and again"),
        pytest.param(
            (*STARTED, *OTHER, told("begin", 9, 1.0, "7", "Process-2", "imported"), RAN_OUT, BEGUN),
            id="another child had begun",
        ),
        pytest.param((*STARTED, RAN_OUT, told("end", 7, 1.3, "42", "8", "1")), id="it failed"),
    ],
)
def test_a_wait_that_runs_out_was_not_too_short(seen: tuple[Event, ...]) -> None:
    assert not any(isinstance(each, RanOut) for each in clues(*seen))


def test_a_text_without_end_is_cut() -> None:
    (clue,) = clues(told("pinned", 7, 1.0, "x" * 100_000, "get_context", "y" * 100_000 + ".py:3"))
    assert isinstance(clue, PinnedMethod)
    assert clue.method == "x" * events.LONGEST
    assert clue.where is not None
    assert clue.where.endswith("y.py:3")
    assert len(clue.where) == events.LONGEST


FIELD = st.one_of(
    st.text(max_size=5),
    st.sampled_from(["", "7", "8", "-1", "a.py:3", "fork", "spawn", "one", "importing", "imported",
                     "inherited", "nan", "\r", *events.ITEMS]),
)  # fmt: skip
LINE = st.one_of(
    st.binary(max_size=9),
    st.builds(
        lambda kind, pid, time_s, fields: "\t".join([kind, pid, time_s, *fields]).encode(),
        st.sampled_from(list(events.FIELDS)),
        st.sampled_from(["7", "8", "9", "x", "-1"]),
        st.sampled_from(["1.0", "2", "nan", "inf", "1e308", "-1e308", ""]),
        st.lists(FIELD, max_size=9),
    ),
    st.sampled_from(list(GOOD)).flatmap(
        lambda kind: st.sampled_from(["7", "8"]).map(lambda pid: line(kind, GOOD[kind], pid)[:-1])
    ),
)


@pytest.mark.targets
@given(lines=st.lists(LINE, max_size=12), end=st.sampled_from([b"\n", b"\r\n"]))
def test_whatever_a_program_writes_there_makes_an_observation(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], end: bytes
) -> None:
    read = events.read(written(tmp_path_factory.mktemp("events"), end.join(lines)))
    assert read.dropped <= sum(each.count(b"\n") + 1 for each in lines)
    seen = {
        "ended": "exit",
        "exit_status": 0,
        "duration_s": 0.1,
        "starts": events.starts(read.events, 1.0),
        "clues": events.clues(read.events),
        "dropped_events": read.dropped,
    }
    # As the agent sends it, and as the journal keeps it.
    observation = msgspec.json.decode(json.dumps(seen), type=Observation)
    assert msgspec.json.decode(msgspec.json.encode(observation), type=Observation) == observation
    assert len(observation.clues) <= events.MOST_CLUES
    respawn.find(read.events)

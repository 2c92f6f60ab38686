"""Which outputs are the same, and in which lines the others differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from startlab.model import Cell, PlannedEnvironment, Program, Run, RunHeader, Selection, Trial
from startlab.output import compare
from startlab.results import output_groups

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = Program(kind="script", name="p.py", target="p.py", root="/nowhere")
METHODS = ("fork", "forkserver", "spawn")


@pytest.fixture
def run_of() -> Callable[..., Run]:
    """Make a run of one environment from (method, digest, shape, outcome) of its trials."""

    def run_of(*said: tuple[Any, ...], program: Program | None = PROGRAM) -> Run:
        cells = tuple(Cell(experiment="p.py", environment="host-3.12", method=m) for m in METHODS)  # type: ignore[arg-type]
        header = RunHeader(
            id="1", schema_version=1, startlab="1", catalogue="1", started="now",
            backend="native", selection=Selection(), program=program,
        )  # fmt: skip
        trials = tuple(
            Trial(
                experiment="p.py", environment="host-3.12", method=method, trial=number,
                outcome=outcome, reason="", as_expected=outcome == "ok", expected=("ok",),
                stdout_digest=digest, stdout_shape=shape,
            )
            for number, (method, digest, shape, outcome) in enumerate(said)
        )  # fmt: skip
        planned = PlannedEnvironment(name="host-3.12", cells=cells)
        return Run(header=header, environments=(planned,), trials=trials, ends=())

    return run_of


def letters(run: Run) -> list[tuple[str | None, bool]]:
    return [(trial.output_group, trial.as_expected) for trial in output_groups.grouped(run).trials]


def test_the_same_output_is_one_group_and_as_expected(run_of: Callable[..., Run]) -> None:
    run = run_of(("fork", "1", "x", "ok"), ("spawn", "1", "x", "ok"))
    assert letters(run) == [("A", True), ("A", True)]


def test_letters_go_by_the_plan_and_no_group_is_right(run_of: Callable[..., Run]) -> None:
    run = run_of(("spawn", "2", "y", "ok"), ("fork", "1", "x", "ok"))
    assert letters(run) == [("B", False), ("A", False)]
    again = output_groups.grouped(output_groups.grouped(run))
    assert again == output_groups.grouped(run)
    assert [trial.reason for trial in again.trials] == [
        "prints output B, unlike other trials",
        "prints output A, unlike other trials",
    ]
    assert {trial.outcome for trial in again.trials} == {"differs"}


def test_what_prints_the_same_in_each_environment_does_not_differ(
    run_of: Callable[..., Run],
) -> None:
    one = run_of(("fork", "1", "x", "ok"), ("spawn", "1", "x", "ok"))
    other = [
        msgspec.structs.replace(t, environment="host-3.9", stdout_digest="2", stdout_shape="y")
        for t in one.trials
    ]
    both = msgspec.structs.replace(one, trials=(*one.trials, *other))
    assert letters(both) == [("A", True)] * 2 + [("B", True)] * 2
    assert {trial.outcome for trial in output_groups.grouped(both).trials} == {"ok"}


def test_outputs_that_differ_in_one_environment_are_not_held_against_another(
    run_of: Callable[..., Run],
) -> None:
    one = run_of(("fork", "1", "x", "ok"), ("spawn", "2", "y", "ok"))
    other = msgspec.structs.replace(one.trials[0], environment="host-2.7")
    both = msgspec.structs.replace(one, trials=(*one.trials, other))
    assert [t.outcome for t in output_groups.grouped(both).trials] == ["differs", "differs", "ok"]


def test_outputs_of_other_methods_on_other_pythons_differ(run_of: Callable[..., Run]) -> None:
    """Where each Python was run under its own default, it may be by either."""
    (older,) = run_of(("fork", "1", "x", "ok")).trials
    newer = msgspec.structs.replace(
        older, environment="host-3.14", method="forkserver", stdout_digest="2", stdout_shape="y"
    )
    both = msgspec.structs.replace(run_of(), trials=(older, newer))
    assert [t.outcome for t in output_groups.grouped(both).trials] == ["differs", "differs"]
    same = msgspec.structs.replace(newer, method="fork")
    both = msgspec.structs.replace(run_of(), trials=(older, same))
    assert [t.outcome for t in output_groups.grouped(both).trials] == ["ok", "ok"]


def test_outputs_of_one_shape_are_the_same(run_of: Callable[..., Run]) -> None:
    run = run_of(("fork", "1", "x", "ok"), ("spawn", "2", "x", "ok"), ("spawn", "2", "z", "ok"))
    assert letters(run) == [("A", True)] * 3


def test_what_is_written_is_output_but_for_what_is_another_each_time(
    run_of: Callable[..., Run],
) -> None:
    run = run_of(*[(method, "1", "x", "ok") for method in ("fork", "fork", "spawn", "spawn")])

    def grouped(*shapes: dict[str, str]) -> list[tuple[str | None, str]]:
        told = zip(run.trials, shapes, strict=True)
        trials = tuple(
            msgspec.structs.replace(each, written=shape, written_shapes=shape)
            for each, shape in told
        )
        found = output_groups.grouped(msgspec.structs.replace(run, trials=trials)).trials
        assert output_groups.prints_the_same(found[0], found[-1]) == (
            found[0].output_group == found[-1].output_group
        )
        return [(each.output_group, each.output) for each in found]

    a, b, none = {"f": "a"}, {"f": "b"}, dict[str, str]()
    assert grouped(a, a, a, a) == [("A", "\nf: a")] * 4
    assert grouped(a, a, b, b) == [("A", "\nf: a")] * 2 + [("B", "\nf: b")] * 2
    assert grouped(a, a, none, none) == [("A", "\nf: a")] * 2 + [("B", "")] * 2
    assert grouped(a, a, b, a) == [("A", "")] * 4
    logs = [each | {"log": str(number)} for number, each in enumerate((a, a, b, b))]
    assert grouped(*logs) == [("A", "\nf: a")] * 2 + [("B", "\nf: b")] * 2


def test_only_trials_that_ended_well_are_compared(run_of: Callable[..., Run]) -> None:
    run = run_of(("fork", "1", "x", "ok"), ("spawn", "2", "y", "error"))
    assert letters(run) == [("A", True), (None, False)]


def test_what_the_user_said_decides(run_of: Callable[..., Run]) -> None:
    program = msgspec.structs.replace(PROGRAM, stdout="1")
    run = run_of(("fork", "1", "x", "ok"), ("spawn", "2", "y", "wrong"), program=program)
    assert letters(run) == [("A", True), ("B", False)]
    assert [trial.outcome for trial in output_groups.grouped(run).trials] == ["ok", "wrong"]


def test_of_what_was_cut_no_two_are_known_to_be_alike(run_of: Callable[..., Run]) -> None:
    run = run_of(("fork", None, None, "ok"), ("spawn", None, None, "ok"))
    assert letters(run) == [("A", False), ("B", False)]


def test_a_run_of_the_catalogue_stays_as_it_is(run_of: Callable[..., Run]) -> None:
    run = run_of(("fork", "1", "x", "ok"), ("spawn", "2", "y", "ok"), program=None)
    assert output_groups.grouped(run) == run


def test_letters_go_on_after_z() -> None:
    assert [output_groups.letter(n) for n in (0, 25, 26, 51, 52, 701, 702)] == [
        "A", "Z", "AA", "AZ", "BA", "ZZ", "AAA",
    ]  # fmt: skip


LINES = st.lists(st.sampled_from(["a", "b", "c"]), max_size=8)


@given(LINES, LINES)
def test_a_comparison_counts_lines_and_not_their_order(first: list[str], second: list[str]) -> None:
    found = compare.compare("\n".join(first), "\n".join(second))
    assert sorted([*first, *found.only_second]) == sorted([*second, *found.only_first])
    assert not set(found.only_first) & set(found.only_second)


def test_lines_are_quoted_with_their_number() -> None:
    assert compare.quoted(["b", "a", "b"]) == '"b" ×2, "a"'
    assert compare.quoted("abcdef", most=2) == '"a", "b" and 4 more'
    assert len(compare.quoted(["x" * 500])) < 110


def test_names_of_processes_are_reported_only_where_nothing_else_differs() -> None:
    one, two = (
        "ForkPoolWorker-1: a\nForkPoolWorker-2: b",
        "SpawnPoolWorker-2: a\nSpawnPoolWorker-1: c",
    )
    assert compare.compare(one, two) == (("ForkPoolWorker-2: b",), ("SpawnPoolWorker-1: c",))
    assert compare.compare("Process-1\n", "Process-2\n") == (("Process-1",), ("Process-2",))

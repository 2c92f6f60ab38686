"""Two runs, and what changed between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from startlab.model import (
    Cell,
    End,
    PlannedEnvironment,
    PythonException,
    Run,
    RunHeader,
    Selection,
    Trial,
)
from startlab.results.diff import Diff, compare

if TYPE_CHECKING:
    from startlab.model import Environment

HEADER = RunHeader(
    id="a", schema_version=1, startlab="1", catalogue="c1", started="", backend="native",
    selection=Selection(),
)  # fmt: skip
Seen = tuple[Any, bool]
OK: Seen = ("ok", True)
HANG: Seen = ("hang", False)


def run(name: str = "host-3.13", /, **cells: Seen | list[Seen] | None) -> Run:
    """Make a run: by experiment, the outcomes of its trials and whether they are expected."""
    planned = [Cell(experiment=x, environment=name, method="fork") for x in cells]
    trials = []
    for cell in planned:
        seen = cells[cell.experiment]
        for number, (outcome, expected) in enumerate(
            [] if seen is None else seen if isinstance(seen, list) else [seen]
        ):
            trials.append(Trial(
                experiment=cell.experiment, environment=name, method="fork", trial=number,
                outcome=outcome, reason=f"reason {number}", as_expected=expected, expected=None,
                reproduce="startlab lab",
            ))  # fmt: skip
    return Run(
        header=HEADER,
        environments=(PlannedEnvironment(name=name, cells=tuple(planned)),),
        trials=tuple(trials),
        ends=(End(finished="", duration_s=1),),
    )


def said(found: Diff) -> list[tuple[str, str, str]]:
    return [(each.kind, each.cell.experiment, each.said) for each in found.changes]


def test_only_what_changed_is_reported_the_worse_first() -> None:
    old = run(same=OK, was_bad=HANG, was_good=OK, still_bad=HANG, went=OK, race=OK)
    new = run(same=OK, was_bad=OK, was_good=HANG, still_bad=("crash", False), came=HANG,
              race=("hang", True))  # fmt: skip
    found = compare(old, new)
    assert said(found) == [
        ("worse", "was_good", "was ok, now hangs"),
        ("better", "was_bad", "hung, now ok"),
        ("changed", "still_bad", "hung, now crashes"),
        ("changed", "race", "was ok, now hangs"),
        ("new", "came", "was not planned, now hangs"),
        ("gone", "went", "was ok, no longer planned"),
    ]
    assert found.same == 1
    assert [each.cell.experiment for each in found.worse] == ["was_good"]
    assert (found.worse[0].reason, found.worse[0].reproduce) == ("reason 0", "startlab lab")
    assert compare(new, new).changes == ()


def test_an_output_that_differs_now_is_worse() -> None:
    found = compare(run(x=OK), run(x=("differs", False)))
    assert said(found) == [("worse", "x", "was ok, now differs")]
    assert said(compare(run(x=("differs", False)), run(x=OK))) == [
        ("better", "x", "differed, now ok")
    ]


def test_a_cell_that_is_missing_now_is_worse() -> None:
    found = compare(run(x=OK), run(x=None))
    assert said(found) == [("worse", "x", "was ok, now missing")]


def test_more_hangs_than_chance_explains_are_a_change() -> None:
    rare = [HANG, *[OK] * 19]
    often = [*[HANG] * 15, *[OK] * 5]
    assert said(compare(run(x=rare), run(x=often))) == [
        ("changed", "x", "hung 1/20, now hangs 15/20, which is not expected")
    ]
    assert compare(run(x=rare), run(x=[HANG, HANG, *[OK] * 18])).changes == ()


def test_another_exception_is_a_change() -> None:
    def raising(kind: str) -> Run:
        one = run(x=("error", False))
        exception = PythonException(type=kind, message="")
        trial = msgspec.structs.replace(one.trials[0], exception=exception)
        return msgspec.structs.replace(one, trials=(trial,))

    found = compare(raising("KeyError"), raising("ValueError"))
    assert said(found) == [
        ("changed", "x", "ended with an error (KeyError), now ends with an error (ValueError)")
    ]
    assert compare(raising("KeyError"), raising("KeyError")).changes == ()


def in_environment(one: Run, environment: Environment, **said: Any) -> Run:
    there = msgspec.structs.replace(environment, **said)
    planned = msgspec.structs.replace(one.environments[0], environment=there)
    return msgspec.structs.replace(one, environments=(planned,))


def test_environments_are_matched_by_name_and_a_new_version_is_shown(
    environment: Environment,
) -> None:
    old = in_environment(run(x=OK), environment, python="3.13.0", image="sha256:1")
    new = in_environment(run(x=OK), environment, python="3.13.15", image="sha256:2")
    found = compare(old, new)
    assert [(each.what, each.was, each.now) for each in found.environments] == [
        ("Python", "cpython 3.13.0", "cpython 3.13.15"),
        ("image", "sha256:1", "sha256:2"),
    ]
    assert found.changes == ()


def test_another_python_can_be_put_beside(environment: Environment) -> None:
    old = in_environment(run("linux-3.14", x=OK), environment, python="3.14.2")
    new = in_environment(run("linux-3.15", x=HANG), environment, python="3.15.0")
    assert [kind for kind, _, _ in said(compare(old, new))] == ["new", "gone"]
    found = compare(old, new, {"linux-3.14": "linux-3.15"})
    assert said(found) == [("worse", "x", "was ok, now hangs")]
    assert found.environments[0].was == "cpython 3.14.2"


@pytest.mark.parametrize("which", ["old", "new"])
def test_what_makes_runs_hard_to_compare_is_said(which: str) -> None:
    other = msgspec.structs.replace(
        run(x=OK), header=msgspec.structs.replace(HEADER, catalogue="c2"), caveats=("a line",)
    )
    found = compare(other, run(x=OK)) if which == "old" else compare(run(x=OK), other)
    assert any("different versions of the catalogue" in each for each in found.caveats)
    assert any(f"{which.title()} run: a line" == each for each in found.caveats)

"""Which cells an experiment compares: those that fail, or print something else, with good ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from startlab.engine.experiments.worlds import World, explains, pairs
from startlab.model import Aspect, CauseExperiment, Start, Trial

if TYPE_CHECKING:
    from startlab.model import StartMethod

RAISED = "Process Process-1:\nTraceback (most recent call last):\nValueError: no\n"


def world(method: StartMethod, group: str, stderr: str = "") -> World:
    trial = Trial(
        experiment="p.py", environment="host-3.13", method=method, trial=0, outcome="differs",
        reason="", as_expected=True, expected=("ok",), stdout="", stderr=stderr,
        output_group=group,
    )  # fmt: skip
    return World(trial.cell, [trial])


def varying(method: StartMethod) -> World:
    one, other = world(method, "A"), world(method, "B")
    return World(one.cell, [*one.trials, *other.trials])


def compared(*worlds: World) -> list[tuple[str, str | None]]:
    return [(bad.cell.method, good.cell.method if good else None) for bad, good in pairs(worlds)]


def test_what_fork_prints_is_the_likelier_one() -> None:
    worlds = [world("fork", "A"), world("spawn", "B")]
    assert compared(*worlds) == [("spawn", "fork"), ("fork", "spawn")]


def test_but_not_where_a_child_has_raised() -> None:
    worlds = [world("fork", "A", RAISED), world("spawn", "B")]
    assert compared(*worlds) == [("fork", "spawn")]


def test_the_other_side_of_a_difference_is_explained_too_be_it_on_another_python() -> None:
    made = CauseExperiment(
        environment="host-3.14", method="forkserver", good="fork", good_environment="host-3.13",
        aspects=(Aspect(kind="environ"),),
    )  # fmt: skip
    assert explains(made, world("fork", "A"))
    assert not explains(made, world("spawn", "A"))
    assert not explains(made, world("forkserver", "B"))  # of host-3.13, which none has looked at


def test_what_varies_is_compared_with_what_does_not() -> None:
    """Forks may share what they have copied; others lack what keeps it from varying."""
    assert compared(varying("fork"), world("spawn", "C")) == [("fork", "spawn")]
    assert compared(varying("spawn"), world("fork", "C")) == [("spawn", "fork")]


def failing(method: StartMethod) -> World:
    """A world that ends well, though a child has raised, which the program does not see."""
    (trial,) = world(method, "A", RAISED).trials
    start = Start(pid=1, method=method, time_s=0.1, child=7, exit_code=1)
    return World(trial.cell, [msgspec.structs.replace(trial, starts=(start,))])


def test_what_loses_a_child_is_compared_with_what_does_not() -> None:
    assert compared(failing("spawn"), world("fork", "A")) == [("spawn", "fork")]


def test_what_loses_a_child_everywhere_is_compared_with_nothing() -> None:
    assert compared(failing("spawn"), failing("fork")) == [("spawn", None), ("fork", None)]

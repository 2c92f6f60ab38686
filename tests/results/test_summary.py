"""What the trials of a cell come to."""

from __future__ import annotations

import pytest

from startlab.model import (
    Cell,
    Outcome,
    PlannedEnvironment,
    Run,
    RunHeader,
    Selection,
    SignalSent,
    Start,
    Trial,
)
from startlab.results.summary import has_failed_child, of_program, summarise, wilson

CELL = Cell(experiment="lock", environment="host-3.13", method="fork")


def trial(number: int, outcome: Outcome, **said: object) -> Trial:
    values: dict[str, object] = {
        "as_expected": True, "expected": ("hang", "ok"), "reason": f"reason {number}",
    }  # fmt: skip
    return Trial(
        experiment="lock",
        environment="host-3.13",
        method="fork",
        trial=number,
        outcome=outcome,
        **(values | said),  # type: ignore[arg-type]
    )


def run(*trials: Trial) -> Run:
    header = RunHeader(
        id="id", schema_version=1, startlab="1", catalogue="c", started="now", backend="native",
        selection=Selection(),
    )  # fmt: skip
    planned = PlannedEnvironment(name="host-3.13", cells=(CELL,))
    return Run(header=header, environments=(planned,), trials=trials, ends=())


def test_one_trial_is_its_outcome() -> None:
    (cell,) = summarise(run(trial(0, "hang")))
    assert (cell.word, cell.as_expected, cell.reason) == ("hang", True, "reason 0")
    assert cell.interval is None


def test_a_program_is_reported_by_its_outcomes_and_outputs() -> None:
    said = of_program([
        *summarise(run(trial(0, "ok", output_group="A"))),
        *summarise(run(trial(0, "hang"), trial(1, "ok", output_group="C"))),
        *summarise(run(trial(0, "ok", output_group="A"))),
    ])  # fmt: skip
    assert said == "2 ok, 1 hang"
    said = of_program(summarise(run(trial(0, "ok", output_group="A"))) * 2)
    assert said == "2 ok"
    other = summarise(run(trial(0, "ok", output_group="B")))
    assert of_program([*summarise(run(trial(0, "ok", output_group="A"))), *other]) == (
        "2 ok, with 2 different outputs"
    )
    said = of_program(summarise(run(trial(0, "differs", output_group="A"))) + other)
    assert said == "1 differs, 1 ok, with 2 different outputs"


def test_a_child_that_exits_with_the_signal_that_it_was_sent_has_not_failed() -> None:
    """So do pebble's workers."""
    start = Start(pid=1, method="fork", time_s=0.1, child=2, exit_code=15)
    sent = SignalSent(number=15, child=2)
    assert has_failed_child(trial(0, "ok", starts=(start,)))
    assert not has_failed_child(trial(0, "ok", starts=(start,), clues=(sent,)))
    raised = Start(pid=1, method="fork", time_s=0.1, child=2, exit_code=1)
    assert has_failed_child(trial(0, "ok", starts=(raised,), clues=(sent,)))


def test_a_cell_without_a_trial_is_missing() -> None:
    (cell,) = summarise(run())
    assert (cell.outcome, cell.as_expected, cell.first) == ("missing", False, None)


def test_the_first_trial_that_is_not_as_expected_speaks_for_the_cell() -> None:
    trials = trial(0, "ok"), trial(1, "crash", as_expected=False), trial(2, "ok")
    (cell,) = summarise(run(*trials))
    assert (cell.word, cell.as_expected, cell.first) == ("crash 1/3", False, trials[1])


@pytest.mark.parametrize(
    ("hangs", "of", "as_expected"),
    [(1, 1, True), (0, 1, True), (0, 20, False), (20, 20, False), (10, 20, True), (3, 20, True)],
)
def test_a_race_is_judged_by_the_interval_of_its_share(
    hangs: int, of: int, *, as_expected: bool
) -> None:
    trials = [trial(n, "hang" if n < hangs else "ok", frequency=(0.3, 0.7)) for n in range(of)]
    (cell,) = summarise(run(*trials))
    assert cell.as_expected is as_expected
    assert ("expected 30% to 70%" in cell.reason) is not as_expected


def test_the_interval_is_wilsons() -> None:
    """Against the values that R's prop.test(correct=FALSE) gives."""
    assert wilson(3, 10) == pytest.approx((0.1077913, 0.6032219), abs=1e-6)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775328), abs=1e-6)
    assert wilson(10, 10) == pytest.approx((0.7224672, 1.0), abs=1e-6)


def test_a_race_is_reported_with_its_interval_and_by_its_typical_outcome() -> None:
    race = {"frequency": (0.5, 1.0)}
    (cell,) = summarise(run(trial(0, "ok", **race), *(trial(n, "hang", **race) for n in (1, 2, 3))))
    assert (cell.outcome, cell.count, cell.as_expected) == ("hang", 3, True)
    assert cell.word == "hang 3/4, 30–95 %"


def test_a_race_that_never_went_the_typical_way_is_reported_as_what_it_was() -> None:
    race = {"frequency": (0.0, 1.0)}
    (cell,) = summarise(run(trial(0, "ok", **race), trial(1, "ok", **race)))
    assert cell.word == "ok 2/2, 34–100 %"

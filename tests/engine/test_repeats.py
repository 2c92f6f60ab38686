"""Which trials are repeated, because they are a surprise."""

from __future__ import annotations

from startlab.engine.lab import _Repeats, not_run, undecided
from startlab.model import Cell, Method, Trial
from startlab.output.likeness import digest

CELL = Cell(experiment="p.py", environment="host-3.11", method="fork")


def ok(method: Method, stdout: str, shape: str | None) -> Trial:
    return Trial(
        experiment="p.py",
        environment="host-3.11",
        method=method,
        trial=0,
        outcome="ok",
        reason="",
        as_expected=True,
        expected=("ok",),
        stdout_digest=digest(stdout),
        stdout_shape=shape and digest(shape),
    )


def test_what_differs_in_a_duration_only_is_not_repeated() -> None:
    repeats = _Repeats()
    assert repeats.after(ok("fork", "1 passed in 0.1s", "1 passed in ?")) == []
    assert repeats.after(ok("spawn", "1 passed in 0.2s", "1 passed in ?")) == []


def test_what_differs_is_repeated_with_the_first() -> None:
    repeats = _Repeats()
    first, other = ok("fork", "one", "one"), ok("spawn", "two", "two")
    assert repeats.after(first) == []
    assert repeats.after(other) == [other.cell, first.cell]


def test_without_a_shape_the_whole_output_counts() -> None:
    repeats = _Repeats()
    first, other = ok("fork", "one", None), ok("spawn", "two", None)
    assert repeats.after(first) == []
    assert repeats.after(other) == [other.cell, first.cell]


def test_what_is_not_ok_is_repeated_once() -> None:
    trial = undecided(CELL, "why", number=0)
    repeats = _Repeats()
    assert repeats.after(trial) == [CELL]
    assert repeats.after(trial) == []


def test_what_could_not_be_run_is_no_surprise() -> None:
    """--resume tries it again: a second record of it would stay beside what that finds."""
    assert _Repeats().after(not_run(CELL, "unavailable", "why", as_expected=False)) == []

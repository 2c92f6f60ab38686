"""Which trials are repeated, because they are a surprise."""

from __future__ import annotations

from startlab.engine.lab import _Repeats, not_run
from startlab.model import Cell, Method, Trial
from startlab.output.likeness import digest


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
    cell = Cell(experiment="p.py", environment="host-3.11", method="fork")
    repeats = _Repeats()
    trial = not_run(cell, "unavailable", "why", as_expected=False)
    assert repeats.after(trial) == [cell]
    assert repeats.after(trial) == []

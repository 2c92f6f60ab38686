"""What the catalogue expects of a cell, and whether a trial meets it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from packaging.markers import Marker

from startlab.output.tracebacks import last_line
from startlab.plan.environments import marker_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.judge.verdict import Verdict
    from startlab.model import (
        Cell,
        DeviationKind,
        Environment,
        Expectation,
        Observation,
    )


def not_forced(cell: Cell, observation: Observation) -> str | None:
    """Return why the trial does not count if the requested method was not forced."""
    if observation.forced is not False or cell.method == "default":
        return None
    return (
        f"{cell.method} was not forced: the interpreter did not load the injection "
        "(is -I, -E or -S in the command?)"
    )


# --- the expectation ---------------------------------------------------------------------------


def expected(
    expectations: Sequence[Expectation], environment: Environment, cell: Cell
) -> Expectation | None:
    """Find what the catalogue expects of a cell: the first entry that matches, from the top."""
    markers = marker_environment(environment)
    for expectation in expectations:
        if expectation.method is not None and cell.method not in expectation.method:
            continue
        if expectation.free_threaded not in (None, environment.free_threaded):
            continue
        if expectation.wine not in (None, bool(environment.wine)):
            continue
        if expectation.libc is not None and not environment.libc.startswith(expectation.libc):
            continue
        if expectation.when is not None and not Marker(expectation.when).evaluate(markers):
            continue
        return expectation
    return None


class Deviation(NamedTuple):
    """In what a trial is not what was expected of it, and that in words."""

    kind: DeviationKind
    text: str


def deviation_of(
    verdict: Verdict, expectation: Expectation | None, observation: Observation
) -> Deviation | None:
    """Tell in what a verdict is not what was expected, if so."""
    if expectation is None:
        return Deviation("unexpected", "the catalogue has no expectation for this cell")
    if verdict.outcome not in expectation.outcome:
        return Deviation("outcome", f"expected {' or '.join(expectation.outcome)}")
    if verdict.outcome == "error" and expectation.exception is not None:
        exception = verdict.exception
        said = last_line(observation.stderr.text())
        if exception is not None:
            said = f"{exception.type}: {exception.message}"
        if not re.search(expectation.exception, said):
            return Deviation("exception", f"expected an exception like {expectation.exception!r}")
    if expectation.stdout is not None and not re.search(
        expectation.stdout, observation.stdout.text(), re.MULTILINE
    ):
        return Deviation("stdout", f"expected stdout like {expectation.stdout!r}")
    used = {start.method for start in observation.starts}
    if expectation.method_used is not None and used != set(expectation.method_used):
        return Deviation(
            "method",
            f"expected the program to use {' and '.join(expectation.method_used)}, "
            f"it used {' and '.join(sorted(used)) or 'none'}",
        )
    return None


def not_as_asked(cell: Cell, observation: Observation) -> Deviation | None:
    """Tell that another method was used than was asked for, if so."""
    reason = not_forced(cell, observation)
    if reason is not None:
        return Deviation("method", reason)
    others = sorted({start.method for start in observation.starts} - {cell.method})
    if others:
        where = next(start.where for start in observation.starts if start.method in others)
        return Deviation(
            "method", f"asked for {cell.method}, the program used {' and '.join(others)} at {where}"
        )
    return None

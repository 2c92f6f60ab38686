"""Outputs that differ, and no rule knows why.

## What it sees
Start methods, Pythons or trials of one cell print different output, and nothing that was seen from
inside explains it.

## Why
Children read something that they were not given, and that is not the same under each start method.
Pythons differ in what they print of themselves: a version, how a number is rounded, the order of a
set. From trial to trial it may be meant: a race, a random number, a time.

## What to do
Say which output is right with `--expect-stdout`, and look at what the children read, or at what the
program has from Python.

## Bad
```python
def work():
    print(threading.active_count())
```

## Good
```python
def work(count):
    print(count)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import listed, only
from startlab.diagnosis.rule import Mechanism
from startlab.output.compare import compare

if TYPE_CHECKING:
    from startlab.diagnosis.case import Outputs

MECHANISMS: Final = (
    Mechanism(
        "output_differs",
        advice="Say which output is right with --expect-stdout, or look at what the children read "
        "that they were not given.",
        explains=False,
        answer=(
            (
                "Output depends on the start method; startlab cannot tell why, or which is right",
                "Output depends on the start method; startlab cannot tell why",
            ),
        ),
    ),
    Mechanism(
        "output_by_python",
        advice="Say which output is right with --expect-stdout, or look at what the program has "
        "from Python itself: its version, how it rounds, the order of a set.",
        depends_on="python",
    ),
    Mechanism(
        "unstable_output",
        advice="Say which output is right with --expect-stdout.",
        explains=False,
        answer=(
            ("The output is not the same from one trial to the next",),
            ("--expect-stdout FILE says what is right",),
        ),
    ),
)


def find(case: Case) -> Cause:
    """Say what differs: start methods, Pythons, or the trials of one cell."""
    if case.outputs is None:
        return Cause(
            "unstable_output",
            "the output is not the same from one trial of a cell to the next",
            "startlab cannot tell whether that is intended: a race, a random number, a time. With "
            "--expect-stdout it can.",
            key="",
        )
    return _by_method(case.outputs) if case.trial.outcome == "differs" else _by_python(case.outputs)


def _by_method(outputs: Outputs) -> Cause:
    one, *others = outputs.cells
    than = f" than under {listed(others)}" if others else ""  # a journal may lack the others
    return Cause("output_differs", f"Prints different output under {one}{than}", key="")


def _by_python(outputs: Outputs) -> Cause:
    (one, two, *_), (here, there, *_) = outputs.trials, outputs.pythons
    lines = compare(one[0].stdout, two[0].stdout)
    return Cause(
        "output_by_python",
        "its output depends on the Python, not on the start method",
        f"{only(f'Python {here}', lines, f'Python {there}')} Startlab cannot tell which is right "
        "without --expect-stdout.",
        key="",
    )

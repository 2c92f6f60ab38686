"""Logging that is set up in the parent alone.

## What it sees
The root logger is not set up in children as it is in their parent, and lines that are logged are
missing in the output. Or a suite's test adds a handler to a logger, and fails; or it asks `caplog`
or `capsys` for what its children have said.

## Why
A child started by spawn or forkserver imports the main module. Logging that is set up below the
main guard, or in a function, is not set up there.

## What to do
Set logging up in the child too, or send records through a `QueueHandler`.

## Bad
```python
if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    multiprocessing.Process(target=work).start()
```

## Good
```python
def work():
    logging.basicConfig(level=logging.INFO)
    ...
```
"""

from __future__ import annotations

import re
from typing import Final

from startlab.diagnosis.case import Case, Cause, what_was_raised
from startlab.diagnosis.phrases import lost_log
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import written
from startlab.model import ChangedSetting, RootLogger
from startlab.output.compare import compare, loose, quoted
from startlab.results.summary import WELL

MECHANISMS: Final = (
    Mechanism(
        "logging_differs",
        imported=True,
        advice="Set logging up in the child too: in the target, or in a pool's initializer; or "
        "send records through a QueueHandler.",
        experiment="changed_global",
    ),
    Mechanism(
        "captured_in_parent",
        advice="Have the children send their records to the test by a QueueHandler, or return what "
        "is to be checked; what they print, `capfd` has.",
    ),
)


_HANDLER: Final = "Handler"
_ADDS_HANDLER: Final = frozenset({"addHandler", "basicConfig", "dictConfig", "fileConfig"})


def in_output(case: Case) -> Cause | None:
    """See that logging is set up where children do not come."""
    clues = _heard(case) if case.telling(RootLogger, ChangedSetting) else []
    if not clues or case.lines.only_first or not case.lines.only_second:
        return None
    return _lost(case, clues[0], "")


def of_test(case: Case) -> Cause | None:
    """See that a suite's test has added a handler itself, which no child has, and then fails."""
    asked = _CAPTURED.search(case.sources.code(case.where))
    said = what_was_raised(case.trial)
    everywhere = all(each.outcome not in WELL for each in case.others)
    if asked and everywhere and case.trial.starts and said.startswith("AssertionError"):
        return Cause(
            "captured_in_parent",
            f"the check at {case.where} asks `{asked[0]}` for what children have said, and that "
            "has what the test's own process says",
            "A child logs and prints by itself: nothing of it comes to the fixture. The test then "
            f"raises {said}.",
            case.where,
        )
    added = [
        clue
        for clue in _logging(case)
        if _HANDLER in clue.parent and _HANDLER not in (clue.child or "")
    ]
    if not added or not case.reached or case.reached.isdisjoint(_ADDS_HANDLER):
        return None
    return _lost(case, added[0], f" The test then raises {what_was_raised(case.trial)}.")


def note(case: Case) -> Cause | None:
    """See log lines that only trials have whose children are set up like their parent."""
    clues = _heard(case)
    whole = [
        each
        for each in (case.others if clues else ())
        if each.outcome in WELL
        and each.output_group == case.trial.output_group
        and not _heard(Case(each, case.sources))
    ]
    if not whole:
        return None
    said = [loose(_WARNING.sub("", each.stderr)) for each in (whole[0], case.trial)]
    lost = compare(*said).only_first
    if not lost:
        return None
    told = _lost(case, clues[0], f" Lost (with numbers left out): {quoted(lost)}.")
    return told._replace(key="")


def _lost(case: Case, clue: RootLogger | ChangedSetting, more: str) -> Cause:
    logger = "the root logger" if isinstance(clue, RootLogger) else f"`{clue.name}`"
    where = _set_up(case)
    return Cause(
        "logging_differs",
        lost_log(where),
        f"In the parent {logger} is {clue.parent}, in the children "
        f"{clue.child or 'as it is by default'}.{more}",
        where,
    )


_CAPTURED: Final = re.compile(r"\b(caplog|capsys|capsysbinary)\b")

_WARNING: Final = re.compile(r"(?m)^.*:\d+: \w*Warning: .*\n?(  .*\n?)?")
"""What the warnings module prints: that is no log, and what is compiled anew may warn again."""

_SILENT: Final = "NullHandler"
"""The handler of a library's logger, which writes nothing: who lacks it loses nothing."""


def _logging(case: Case) -> list[RootLogger | ChangedSetting]:
    named = [clue for clue in case.clues(ChangedSetting) if clue.setting.startswith("logging.")]
    return [*case.clues(RootLogger), *named]


def _heard(case: Case) -> list[RootLogger | ChangedSetting]:
    """Give those that write something in the parent."""
    return [each for each in _logging(case) if each.parent != _SILENT]


def _set_up(case: Case) -> str | None:
    ways = r"basicConfig|addHandler|dictConfig|fileConfig|setLevel"
    return written(case.sources, ways, of_test=case.test_part)

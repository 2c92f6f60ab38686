"""The reports of tests that ran in a child, as pytest takes them."""

from __future__ import annotations

import builtins
import time
import warnings
from typing import TYPE_CHECKING, Any, Final

import pytest

from startlab.pytest_plugin import collecting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from startlab.model import Observation
    from startlab.pytest_plugin.collecting import Mark
    from startlab.pytest_plugin.finding import Why

KINDS: Final = ("hang", "crash", "error")
"""What a marker may expect a test to come to, instead of giving a reason in words."""


def facts(
    test: str, method: str, used: str, report: Any, why: Why | None, seen: Observation | None = None
) -> dict[str, object]:
    """Give what a report carries to the process that counts it, as JSON has it."""
    why = why if report.failed else None
    return {
        "test": test,
        "method": method,
        "used": used,
        "outcome": report.outcome if why is None else why.outcome,
        "cause": "" if why is None else why.cause,
        "methods": sorted({start.method for start in seen.starts}) if seen is not None else [],
    }


def made(
    item: pytest.Item,
    outcome: str,
    text: str,
    began: float,
    *,
    when: str = "call",
    method: str = "",
    why: Why | None = None,
) -> Any:
    """Make a report of a test for which no pytest has made one."""
    now = time.time()
    report: Any = pytest.TestReport(
        nodeid=item.nodeid, location=item.location, keywords=dict.fromkeys(item.keywords, 1),
        outcome=outcome,  # type: ignore[arg-type]
        longrepr=text or None, when=when,  # type: ignore[arg-type]
        duration=now - began, start=began, stop=now,
    )  # fmt: skip
    report.startlab = facts(collecting.variant(item).test, method, "", report, why)
    return report


def ended(item: pytest.Item, why: Why, began: float) -> list[Any]:
    """Give the reports of a test whose process came to an end in it: the last is empty.

    The terminal counts a test when it is torn down.
    """
    return [
        made(item, "failed", why.whole, began),
        made(item, "passed", "", time.time(), when="teardown"),
    ]


def skipped(item: pytest.Item, reason: str) -> Any:
    """Report that a test is not run."""
    path, line, _ = item.location
    report = made(item, "skipped", "", time.time(), when="setup")
    report.longrepr = (path, line, f"Skipped: {reason}")
    return report


def received(config: pytest.Config, said: dict[str, Any]) -> Iterator[Any]:
    """Make the reports of a child again; JSON has lists for tuples."""
    for each in said.get("reports", ()):
        if isinstance(each["longrepr"], list):
            each["longrepr"] = tuple(each["longrepr"])
        for name in ("sections", "user_properties"):
            each[name] = list(map(tuple, each[name]))
        each["location"] = tuple(each["location"])
        yield config.hook.pytest_report_from_serializable(config=config, data=each)


def as_marked(report: Any, mark: Mark, method: str) -> None:
    """Change a report by what the marker of its test expects under a method."""
    expected = mark.xfail.get(method)
    if expected is None:
        return
    reason = f"under {method}: {expected}"
    found = report.startlab
    kind = "error" if found["outcome"] == "failed" else found["outcome"]
    if report.failed and (expected not in KINDS or kind == expected):
        report.outcome = "skipped"
        report.wasxfail = reason
        found.update(outcome="xfailed", cause="")
    elif report.passed and report.when == "call" and mark.strict:
        report.outcome = found["outcome"] = "failed"
        report.longrepr = f"[XPASS(strict)] {reason}"
    elif report.passed and report.when == "call":
        report.wasxfail = reason


def warn_again(config: pytest.Config, said: dict[str, Any]) -> None:
    """Record the warnings of a child."""
    for each in said.get("warnings", ()):
        kind = getattr(builtins, each["category"], UserWarning)
        config.hook.pytest_warning_recorded.call_historic(
            kwargs={
                "warning_message": warnings.WarningMessage(
                    message=each["message"],
                    category=kind,
                    filename=each["file"],
                    lineno=each["line"],
                ),
                "when": each["when"],
                "nodeid": each["node"],
                "location": tuple(each["location"]) if each["location"] else None,
            }
        )

"""Each cause is told once, however many tests have it, under however many start methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from startlab.diagnosis.phrases import listed

if TYPE_CHECKING:
    from collections.abc import Callable

    from startlab.pytest_plugin.finding import Why


class _Told(NamedTuple):
    """The report that tells a cause: in a section of its own, or as all that it says."""

    report: Any
    test: str
    methods: list[str]
    section: int | None


class Once:
    """Puts causes into reports: into the first one that has it, the others refer to that.

    The terminal prints reports at the end, so the first can still be told what is known later: that
    its test fails alike under another method.
    """

    def __init__(self, wrapped: Callable[[str], str]) -> None:
        self._wrapped = wrapped
        self._told: dict[tuple[str, str | None, str], _Told] = {}

    def tell(self, report: Any, test: str, method: str, why: Why, *, alone: bool) -> None:
        """Say in the report of a failed test why it has failed; `alone` if it says nothing else."""
        section = None if alone else len(report.sections)
        if not alone:
            report.sections.append(("", ""))
        new = _Told(report, test, [method], section)
        first = new if why.of is None else self._told.setdefault(why.of, new)
        if first is new:
            _write(new, why)
            return
        if first.test == test:
            if method not in first.methods:
                first.methods.append(method)
            _write(first, why)
        there = "above" if first.report.nodeid == report.nodeid else first.report.nodeid
        _write(new, why._replace(text=self._wrapped(f"Same as {there}: {why.cause}.")))


def _write(told: _Told, why: Why) -> None:
    if told.section is None:
        told.report.longrepr = why.whole
    else:
        told.report.sections[told.section] = (f"startlab under {listed(told.methods)}", why.text)

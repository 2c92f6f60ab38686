"""A run as JUnit XML, for CI systems: a suite for each environment, a test case for each cell.

As the Jenkins xUnit plugin's schema wants it (junit-10.xsd), which the others read too.
"""

from __future__ import annotations

from html import escape  # enough for XML, and no import of urllib
from typing import IO, TYPE_CHECKING, Final

from startlab.plan.environments import platform_of, python_of
from startlab.report import text
from startlab.report.finding import explanation
from startlab.results.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from startlab.diagnosis import Diagnosis
    from startlab.model import Finding, PlannedEnvironment, Run, Trial
    from startlab.results.summary import CellSummary

LONGEST_S: Final = 1e6


def write(run: Run, diagnosis: Diagnosis, file: IO[str]) -> None:
    """Write a run as JUnit XML; a failure says what was found out about its cell.

    A cell that is not as expected is a `failure`, one that is missing or could not be run an
    `error`; one that cannot be there is `skipped`.
    """
    suites: dict[str, list[CellSummary]] = {each.name: [] for each in run.environments}
    for cell in summarise(run):
        suites[cell.cell.environment].append(cell)
    xml = _Xml(file)
    total = [cell for cells in suites.values() for cell in cells]
    counts = _counts(total)
    del counts["skipped"]
    xml.start("testsuites", {"name": "startlab", **counts})
    for planned in run.environments:
        _suite(xml, run, diagnosis, planned, suites[planned.name])
    xml.end("testsuites")


def _suite(
    xml: _Xml,
    run: Run,
    diagnosis: Diagnosis,
    planned: PlannedEnvironment,
    cells: Sequence[CellSummary],
) -> None:
    name = text.one_line(planned.name)
    xml.start(
        "testsuite",
        {"name": name, "timestamp": text.one_line(run.header.started), **_counts(cells)},
    )
    xml.start("properties")
    for key, value in _properties(run, diagnosis, planned):
        xml.start("property", {"name": key, "value": text.one_line(value)})
        xml.end("property")
    xml.end("properties")
    for cell in cells:
        told = [e for e in diagnosis.findings if any(x.cell == cell.cell for x in e.cells)]
        _case(xml, name, cell, told)
    xml.end("testsuite")


def _properties(
    run: Run, diagnosis: Diagnosis, planned: PlannedEnvironment
) -> Iterable[tuple[str, str]]:
    yield "run", run.header.id
    yield "startlab", run.header.startlab
    yield "catalogue", run.header.catalogue
    if planned.unavailable is not None:
        yield "unavailable", planned.unavailable
    there = planned.environment
    if there is not None:
        yield "python", python_of(there)
        yield "platform", platform_of(there)
        yield "kernel", there.platform_release
        if there.image:
            yield "image", there.image
    for caveat in (*run.caveats, *diagnosis.caveats):
        yield "caveat", caveat


def _counts(cells: Sequence[CellSummary]) -> dict[str, str]:
    elements = [_element(cell) for cell in cells]
    return {
        "tests": str(len(cells)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
        "time": f"{sum(map(_duration_s, cells)):.3f}",
    }


def _duration_s(cell: CellSummary) -> float:
    return min(max(0.0, cell.duration_s), LONGEST_S)


def _element(cell: CellSummary) -> str | None:
    if not cell.as_expected:
        return "error" if cell.outcome in ("missing", "unavailable") else "failure"
    return "skipped" if cell.outcome in ("unsupported", "unavailable") else None


def _case(xml: _Xml, suite: str, cell: CellSummary, told: Sequence[Finding]) -> None:
    experiment = text.one_line(cell.cell.experiment)
    xml.start(
        "testcase",
        {
            "classname": f"{suite}.{experiment}",  # Jenkins has what is before the dot as package
            "name": cell.cell.method,
            "time": f"{_duration_s(cell):.3f}",
        },
    )
    element = _element(cell)
    first = None
    if element is not None:
        first = cell.first
        message = {"message": text.one_line(f"{cell.word}: {cell.reason}")}
        xml.start(element, {"type": cell.word} | message)
        xml.text(text.excerpt(_details(cell, first, told)))
        xml.end(element)
    if element in ("failure", "error") and first is not None:
        for name, output in (("system-out", first.stdout), ("system-err", first.stderr)):
            if output:
                xml.start(name)
                xml.text(text.excerpt(output, 10_000))
                xml.end(name)
    xml.end("testcase")


def _details(cell: CellSummary, first: Trial | None, told: Iterable[Finding]) -> str:
    lines = [cell.reason]
    if first is not None and first.where:
        lines.append(f"at {first.where}")
    for each in told:
        lines += [each.title, *(f"{label}: {said}" for label, said in explanation(each))]
    if first is not None:
        lines += first.notes
        lines += [f"Reproduce: {first.reproduce}"] if first.reproduce else []
    return "\n".join(filter(None, lines))


class _Xml:
    """XML that is written as it comes."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        file.write('<?xml version="1.0" encoding="utf-8"?>\n')

    def start(self, name: str, attributes: Mapping[str, str] | None = None) -> None:
        said = "".join(f' {key}="{escape(value)}"' for key, value in (attributes or {}).items())
        self._file.write(f"<{name}{said}>")

    def text(self, said: str) -> None:
        self._file.write(escape(said, quote=False))

    def end(self, name: str) -> None:
        self._file.write(f"</{name}>\n")

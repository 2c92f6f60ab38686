"""A run as JUnit XML, against the schema of the Jenkins xUnit plugin (MIT, junit-10.xsd)."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import xmlschema

from startlab.diagnosis import diagnose
from startlab.report import junit

if TYPE_CHECKING:
    from startlab.model import Environment, Run


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(Path(__file__).with_name("junit-10.xsd"))


def written(run: Run) -> str:
    file = io.StringIO()
    junit.write(run, diagnose(run), file)
    return file.getvalue()


def test_a_suite_for_each_environment_a_case_for_each_cell(
    make: Any, schema: xmlschema.XMLSchema, environment: Environment
) -> None:
    a, b = make.cell(), make.cell(method="spawn")
    c, d = make.cell(environment="linux-3.14"), make.cell("other", "linux-3.14")
    run = make.run(
        [a, b, c, d],
        make.deviation(a, "hang", reason="waits", where="program.py:7", stdout="before\n",
                       reproduce="startlab lab", duration_s=0.25),
        make.trial(b, "unsupported", reason="no spawn"),
        make.trial(c, "hang", duration_s=1.5),
    )  # fmt: skip
    planned = msgspec.structs.replace(run.environments[0], environment=environment)
    run = msgspec.structs.replace(run, environments=(planned, *run.environments[1:]))
    text = written(run)
    root = ET.fromstring(text)  # noqa: S314 - our own
    schema.validate(root)
    counts = {key: root.get(key) for key in ("tests", "failures", "errors", "time")}
    assert counts == {"tests": "4", "failures": "1", "errors": "1", "time": "1.750"}
    assert [suite.get("name") for suite in root] == ["host-3.13", "linux-3.14"]
    python = root.find(".//property[@name='python']")
    assert python is not None
    assert python.get("value") == "cpython 3.13.0"
    hang, unsupported, expected, missing = root.iter("testcase")
    assert (hang.get("classname"), hang.get("name")) == ("host-3.13.lock", "fork")
    failure = hang.find("failure")
    assert failure is not None
    assert failure.get("message") == "hang: waits"
    assert failure.text == "waits\nat program.py:7\nReproduce: startlab lab"
    assert hang.findtext("system-out") == "before\n"
    assert [child.tag for child in unsupported] == ["skipped"]
    assert list(expected) == []
    assert [child.tag for child in missing] == ["error"]


def test_an_output_that_differs_is_a_failure(make: Any, schema: xmlschema.XMLSchema) -> None:
    root = ET.fromstring(written(make.of_program("1", "2")))  # noqa: S314 - our own
    schema.validate(root)
    assert root.get("failures") == "2"
    messages = [each.get("message") for each in root.iter("failure")]
    assert messages == [f"differs: prints output {letter}, unlike other trials" for letter in "AB"]
    for each in root.iter("failure"):
        assert "Prints different output under fork than under forkserver" in (each.text or "")
    alike = ET.fromstring(written(make.of_program("1", "1")))  # noqa: S314 - our own
    assert alike.get("failures") == "0"


def test_what_xml_has_no_place_for_is_escaped(make: Any, schema: xmlschema.XMLSchema) -> None:
    hostile = "\0\x1b[31m\ufffe]]></failure><x a=\"'&"
    each = make.cell(hostile, hostile)
    run = make.run([each], make.deviation(each, reason=hostile, stdout=hostile, notes=(hostile,)))
    root = ET.fromstring(written(run))  # noqa: S314 - our own
    schema.validate(root)
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.get("message") == "hang: \\x00\\x1b[31m\\ufffe]]></failure><x a=\"'&"


def test_a_long_output_is_cut_and_an_empty_run_is_valid(
    make: Any, schema: xmlschema.XMLSchema
) -> None:
    each = make.cell()
    run = make.run([each], make.deviation(each, stdout="x" * 10_000_000, duration_s=1e9))
    assert len(written(run)) < 20_000
    schema.validate(written(run))
    schema.validate(written(make.run([])))

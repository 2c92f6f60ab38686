"""A run as one JSON document."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from startlab.diagnosis import diagnose
from startlab.report import document


def test_the_schema_that_ships_is_up_to_date() -> None:
    shipped = Path(document.__file__).with_name("document.schema.json").read_bytes()
    assert shipped == document.schema(), "write document.schema() into document.schema.json"


def test_a_document_is_as_its_schema_says_and_has_every_planned_cell(make: Any) -> None:
    cells = [make.cell(), make.cell("other")]
    trials = [make.deviation(cells[0], "hang", n, reason="\x1b\u2028</script>") for n in range(2)]
    run = make.run(cells, *trials, caveats=("a caveat",))
    file = io.StringIO()
    document.write(run, diagnose(run), file)
    found = json.loads(file.getvalue())
    validator = jsonschema.Draft202012Validator(json.loads(document.schema()))
    validator.check_schema(validator.schema)
    validator.validate(found)
    assert [(c["outcome"], c["trials"], c["count"]) for c in found["cells"]] == [
        ("hang", 2, 2), ("missing", 0, 0),
    ]  # fmt: skip
    assert found["trials"][0]["reason"] == "\x1b\u2028</script>"
    assert found["caveats"] == ["a caveat"]
    decoded = msgspec.json.decode(file.getvalue(), type=document.Document)
    assert (decoded.header, decoded.environments, decoded.ends) == (
        run.header, run.environments, run.ends,
    )  # fmt: skip
    assert (decoded.trials, decoded.caveats) == (run.trials, run.caveats)
    assert [each.cell for each in decoded.cells] == cells
    assert (decoded.findings, decoded.answer, decoded.damaged_lines) == ((), None, 0)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(found | {"cells": [{}]})

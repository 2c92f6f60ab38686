"""The words as types: to and from JSON, and the little that they compute."""

from __future__ import annotations

import msgspec
import pytest

from startlab.model import (
    SCHEMA_VERSION,
    Cell,
    Environment,
    Observation,
    PlannedEnvironment,
    Request,
    Run,
    RunHeader,
    Selection,
    Stream,
    Trial,
)


def trial(cell: Cell, number: int = 0) -> Trial:
    return Trial(
        experiment=cell.experiment,
        environment=cell.environment,
        method=cell.method,
        trial=number,
        outcome="ok",
        reason="",
        as_expected=True,
        expected=("ok",),
    )


def test_a_stream_says_what_was_dropped() -> None:
    assert Stream(head=b"all ", tail=b"of it").text() == "all of it"
    assert Stream(head=b"he", tail=b"il", dropped=7).text() == "he\n[7 bytes dropped]\nil"


def test_a_stream_escapes_what_is_not_utf8_and_joins_a_character_that_was_split() -> None:
    assert Stream(head=b"\xff\x00ok").text() == "\\xff\x00ok"
    assert Stream(head=b"caf\xe9 \x81\r\n", encoding="cp1252").text() == "café \\x81\n"
    assert Stream(head="é".encode(), encoding="cp1252").text() == "é"
    assert Stream(head=b"\xc3", tail=b"\xa9").text() == "é"


def test_bytes_travel_as_base64() -> None:
    request = Request(argv=("python",), method=None, timeout_s=1.5, stdin=b"\x00\xff")
    sent = msgspec.json.encode(request)
    assert b'"stdin":"AP8="' in sent
    assert msgspec.json.decode(sent, type=Request) == request


def test_an_observation_needs_only_its_end(environment: Environment) -> None:
    said = b'{"ended": "launch", "exit_status": null, "duration_s": 0, "where": "no"}'
    assert msgspec.json.decode(said, type=Observation).where == "no"
    assert msgspec.json.decode(msgspec.json.encode(environment), type=Environment) == environment


def test_an_unknown_word_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"experiment": "e", "environment": "h", "method": "thread"}, Cell)


def test_what_is_missing_is_what_was_planned_and_has_no_trial() -> None:
    a, b, c = (Cell(experiment=name, environment="h", method="fork") for name in "abc")
    run = Run(
        header=RunHeader(
            id="x",
            schema_version=SCHEMA_VERSION,
            startlab="0",
            catalogue="0",
            started="",
            backend="native",
            selection=Selection(),
        ),
        environments=(
            PlannedEnvironment(name="h", cells=(a, b)),
            PlannedEnvironment(name="i", cells=(c,)),
        ),
        trials=(trial(b), trial(b, 1)),
        ends=(),
    )
    assert run.planned == (a, b, c)
    assert run.missing == (a, c)
    assert run.trials[0].cell == b

"""`startlab explain`: each mechanism that a finding may name is explained."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from startlab.cli.explain import explain
from startlab.diagnosis.rules import MECHANISMS, RULES
from startlab.errors import SelectionError


def said(*words: str) -> str:
    result = CliRunner().invoke(explain, words, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_all_mechanisms_are_listed() -> None:
    assert set(MECHANISMS) <= set(re.findall(r"\w+", said()))
    assert f"{len(MECHANISMS)} mechanisms" in said()


@pytest.mark.parametrize("name", MECHANISMS)
def test_a_mechanism_is_explained_with_its_advice(name: str) -> None:
    text = said(name)
    assert text.startswith(f"{name}: ")
    for heading in ("What it sees", "Why", "What to do", "Bad", "Good"):
        assert f"\n{heading}\n" in text
    assert "```" not in text
    experiment = MECHANISMS[name].experiment
    assert experiment is None or f"startlab show {experiment}" in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_mechanism_of_several_has_its_own_advice() -> None:
    advice = MECHANISMS["lock_taken_twice"].advice
    assert advice in " ".join(said("lock_taken_twice").split())
    assert advice not in " ".join(said("lock_order").split())


def test_a_rule_without_a_mechanism_of_its_own_is_explained_too() -> None:
    assert said("given_up").startswith(
        f"given_up: {(RULES['given_up'].__doc__ or '').split('.')[0]}"
    )


def test_json_has_every_mechanism_or_all_of_one() -> None:
    every = json.loads(said("--json"))
    assert {each["mechanism"] for each in every} == set(MECHANISMS)
    one = json.loads(said("lock_order", "--json"))
    assert one["rule"] == "lock_order"
    assert list(one["sections"]) == ["What it sees", "Why", "What to do", "Bad", "Good"]


def test_an_unknown_name_is_told_with_the_nearest_ones() -> None:
    with pytest.raises(SelectionError, match=r"no mechanism 'lokc_order'\. The nearest are lock_o"):
        CliRunner().invoke(explain, ["lokc_order"], catch_exceptions=False)
    assert SelectionError("").exit_status == 2

"""What a program says, made harmless."""

from __future__ import annotations

import pytest

from startlab.report.text import excerpt, one_line, printable


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain\ntext", "plain\ntext"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x07\r\t", "\\x07\\r\\t"),
        ("\x9b31m\x85", "\\x9b31m\\x85"),
        ("\u202egnp.exe\u2028", "\\u202egnp.exe\\u2028"),
        ("\udc80", "\\udc80"),
        ("é ∞ 漢", "é ∞ 漢"),
        ("::error::x", "\\x3a:error::x"),
        ("a\n  ::set-output name=a::b", "a\n  \\x3a:set-output name=a::b"),
        ("a ::b", "a \\x3a:b"),
        ("std::vector", "std::vector"),
        ("a ##[error]x", "a \\x23#[error]x"),
        ("##vso[task.complete]", "\\x23#vso[task.complete]"),
        ("## heading", "## heading"),
    ],
)
def test_a_programs_text_does_nothing(text: str, safe: str) -> None:
    assert printable(text) == safe


def test_a_long_text_keeps_its_head_and_its_tail_and_says_what_is_left_out() -> None:
    text = "a" * 5_000_000 + "b" * 5_000_000
    assert excerpt(text, 10) == "aaaaa [9999990 characters left out] bbbbb"
    assert excerpt("short") == "short"
    lines = excerpt("::x\n" * 1000, 8)
    assert lines == "\\x3a:x\n\n[3992 characters left out]\n\\x3a:x\n"


def test_one_line_is_one_line() -> None:
    assert one_line("a\n b\t \r\nc") == "a b\\t \\r c"
    assert one_line("") == ""

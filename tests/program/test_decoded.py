"""A Python file is read as Python reads it."""

from __future__ import annotations

import codecs
import io

import pytest

from startlab.agent.attach import told
from startlab.program.decoded import decoded


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("größe\n".encode(), "größe\n"),
        (codecs.BOM_UTF8 + "größe\n".encode(), "größe\n"),
        ("# coding: cp1252\n€\n".encode("cp1252"), "# coding: cp1252\n€\n"),
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        (b"# coding: nothing\n\xff", "# coding: nothing\n\ufffd"),
        (b"\xe9", "\ufffd"),
        (b"", ""),
    ],
)
def test_it_is_decoded_by_its_mark_or_line(data: bytes, text: str) -> None:
    assert decoded(data) == text
    assert told._decoded(io.BytesIO(data)) == text, "`startlab why` does so by itself"

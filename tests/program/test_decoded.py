"""A Python file is read as Python reads it."""

from __future__ import annotations

import codecs
import io
import sys

import pytest

from startlab.program.decoded import decoded

FILES = pytest.mark.parametrize(
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


@FILES
def test_it_is_decoded_by_its_mark_or_line(data: bytes, text: str) -> None:
    assert decoded(data) == text


@FILES
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a process waits for")
def test_why_decodes_it_alike_by_itself(data: bytes, text: str) -> None:
    assert sys.platform == "linux"
    from startlab.agent.attach import told

    assert told._decoded(io.BytesIO(data)) == text

"""Keeping the head and the tail of an output stream, exactly."""

from __future__ import annotations

import os
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from startlab.agent.capture import Capture


def capture(chunks: list[bytes], keep: int) -> tuple[bytes, bytes, int]:
    read, write = os.pipe()
    capturing = Capture(read, keep)
    for chunk in chunks:
        os.write(write, chunk)
    os.close(write)
    kept = capturing.finish(5)
    return b64decode(str(kept["head"])), b64decode(str(kept["tail"])), int(kept["dropped"])


@pytest.mark.parametrize(
    ("data", "keep", "expected"),
    [
        (b"", 3, (b"", b"", 0)),
        (b"ab", 3, (b"ab", b"", 0)),
        (b"abc", 3, (b"abc", b"", 0)),
        (b"abcd", 3, (b"abc", b"d", 0)),
        (b"abcdef", 3, (b"abc", b"def", 0)),
        (b"abcdefg", 3, (b"abc", b"efg", 1)),
        (b"abcdefghijklm", 3, (b"abc", b"klm", 7)),
        (b"\x00\xff\x80", 1, (b"\x00", b"\x80", 1)),
        (b"abc", 0, (b"", b"", 3)),
    ],
)
def test_head_tail_and_dropped(data: bytes, keep: int, expected: tuple[bytes, bytes, int]) -> None:
    assert capture([data], keep) == expected
    assert capture([data[n : n + 1] for n in range(len(data))], keep) == expected


@given(st.lists(st.binary(max_size=300), max_size=20), st.integers(0, 400))
def test_nothing_is_lost_but_the_middle(chunks: list[bytes], keep: int) -> None:
    data = b"".join(chunks)
    head, tail, dropped = capture(chunks, keep)
    assert head == data[:keep]
    assert head + data[len(head) : len(head) + dropped] + tail == data
    assert len(tail) == min(keep, len(data) - len(head))


@pytest.mark.parametrize("keep", [0, 10])
def test_memory_is_bounded_whatever_comes(keep: int) -> None:
    read, write = os.pipe()
    capturing = Capture(read, keep)
    for _ in range(200):
        os.write(write, b"x" * 60_000)
    os.close(write)
    assert capturing.finish(5)["dropped"] == 200 * 60_000 - 2 * keep
    assert len(capturing._head) + len(capturing._tail) <= 3 * keep


def test_a_pipe_that_somebody_holds_open_does_not_hold_us() -> None:
    read, write = os.pipe()
    capturing = Capture(read, 10)
    os.write(write, b"so far")
    kept: dict[str, str | int] = {"head": ""}
    while not kept["head"]:
        kept = capturing.finish(0.05)
    assert b64decode(str(kept["head"])) == b"so far"
    os.close(write)
    capturing.finish(5)

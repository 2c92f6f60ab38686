"""Files that a person names: what is none is refused, and never waited for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from startlab.program import given

unix = pytest.mark.skipif(sys.platform == "win32", reason="a Unix has these")


def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"all of it\r\n")
    assert given.read(tmp_path / "file") == b"all of it\r\n"


@unix
def test_a_pipe_that_a_shell_hands_over_is_read() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"of a command")
    os.close(writing)
    assert given.read(Path(f"/dev/fd/{reading}")) == b"of a command"
    os.close(reading)


@unix
def test_what_may_never_end_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for name in ("pipe", "link"):
        with pytest.raises(OSError, match="a pipe or a device"):
            given.read(tmp_path / name)
    with pytest.raises(IsADirectoryError):
        given.read(tmp_path)


def test_a_file_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given, "MOST", 1 << 20)
    (tmp_path / "file").write_bytes(b"x" * (1 << 20))
    assert len(given.read(tmp_path / "file")) == 1 << 20
    (tmp_path / "file").write_bytes(b"x" * ((1 << 20) + 1))
    with pytest.raises(OSError, match="more than 1 MB"):
        given.read(tmp_path / "file")

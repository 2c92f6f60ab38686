"""The reports in a run's folder."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from startlab.report import files, markdown

if TYPE_CHECKING:
    from pathlib import Path


def test_a_run_has_every_report_in_its_folder(make: Any, tmp_path: Path) -> None:
    each = make.cell()
    assert files.write(make.run([each], make.trial(each)), tmp_path) == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files.REPORTS)
    assert (tmp_path / "summary.md").read_text("utf-8").startswith("## ✓")


def test_what_cannot_be_written_is_said_and_the_rest_is(make: Any, tmp_path: Path) -> None:
    (tmp_path / "junit.xml").mkdir()
    (said,) = files.write(make.run([]), tmp_path)
    assert said == f"{tmp_path / 'junit.xml'} could not be written: Is a directory"
    assert (tmp_path / "summary.md").exists()


def test_a_report_that_fails_leaves_the_old_one_and_nothing_else(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("old", "utf-8")

    def fail(_: object, file: Any) -> None:
        file.write("half")
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        files.write_file(make.run([]), fail, path)
    assert path.read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among its files")
def test_a_pipe_is_written_into_not_replaced(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(path.read_text("utf-8")))
    reader.start()
    files.write_file(make.run([]), markdown.write, path)
    reader.join(10)
    assert read[0].startswith("## ∅")
    assert path.is_fifo()

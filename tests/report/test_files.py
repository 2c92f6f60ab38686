"""The reports in a run's folder."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from startlab.cli import outcome
from startlab.diagnosis import Diagnosis
from startlab.report import document, files, markdown, terminal
from startlab.results import journal

if TYPE_CHECKING:
    from pathlib import Path

    from startlab.model import Record
    from tests.report.conftest import Make


def test_a_run_has_every_report_in_its_folder(make: Any, tmp_path: Path) -> None:
    each = make.cell()
    assert files.write(make.run([each], make.trial(each)), Diagnosis(), tmp_path) == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "junit.xml",
        "report.html",
        "summary.md",
    ]
    assert (tmp_path / "summary.md").read_text("utf-8").startswith("## ✓")


def test_what_cannot_be_written_is_said_and_the_rest_is(make: Any, tmp_path: Path) -> None:
    (tmp_path / "junit.xml").mkdir()
    why = "Is a directory" if os.name == "posix" else "Permission denied"
    (said,) = files.write(make.run([]), Diagnosis(), tmp_path)
    assert said == f"{tmp_path / 'junit.xml'} could not be written: {why}"
    assert (tmp_path / "summary.md").exists()


def test_a_report_that_fails_leaves_the_old_one_and_nothing_else(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("old", "utf-8")

    def fail(_: object, __: object, file: Any) -> None:
        file.write("half")
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        files.write_file(make.run([]), Diagnosis(), fail, path)
    assert path.read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_has_left_of_a_report_goes(make: Any, tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / f".summary.md.{gone.pid}").write_text("half", "utf-8")
    going_on = tmp_path / f".summary.md.{os.getppid()}"
    going_on.write_text("half", "utf-8")
    path = tmp_path / "summary.md"
    files.write_file(make.run([]), Diagnosis(), markdown.write, path)
    assert sorted(tmp_path.iterdir()) == [going_on, path]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among its files")
def test_a_pipe_is_written_into_not_replaced(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(path.read_text("utf-8")))
    reader.start()
    files.write_file(make.run([]), Diagnosis(), markdown.write, path)
    reader.join(60)
    assert read[0].startswith("## ∅")
    assert path.is_fifo()


@pytest.mark.wide
@pytest.mark.targets
def test_no_report_keeps_trials_in_memory(make: Make, tmp_path: Path) -> None:
    """Of each a place is kept, and what the page has of it, compressed; not its text of 20 kB."""

    def peak(count: int) -> int:
        folder = tmp_path / str(count)
        cells = [make.cell(f"experiment_{number}") for number in range(4)]
        run = make.run(cells)
        with journal.Journal(folder) as book:
            records: list[Record] = [run.header, *run.environments, *run.ends]
            for record in records:
                book.write(record)
            for number in range(count):
                text = f"{number} " + "as all do " * 2000
                each = cells[number % len(cells)]
                book.write(make.deviation(each, "ok", number, stdout=text, reason=str(number)))
        gc.collect()
        tracemalloc.start()
        run = journal.read(folder)
        assert files.write(run, Diagnosis(), folder) == ()
        files.write_file(run, Diagnosis(), document.write, folder / "run.json")
        with open(os.devnull, "w", encoding="utf-8") as null:
            terminal.show(run, Diagnosis(), Console(file=null))
        assert outcome.exit_status(run, Diagnosis()) == 1
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (folder / "run.json").stat().st_size > count * 20_000
        return most

    peak(4)
    assert (peak(1000) - peak(200)) / 800 < 600

"""The results file of a run: append-only, crash-safe, one line of JSON for each record.

`journal.schema.json` beside this file describes a line.
"""

from __future__ import annotations

import inspect
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from startlab.errors import JournalError
from startlab.model import (
    SCHEMA_VERSION,
    Cell,
    End,
    PlannedEnvironment,
    Record,
    Run,
    RunHeader,
    Trial,
)

if TYPE_CHECKING:
    from types import TracebackType

NAME: Final = "journal.jsonl"
RUNS: Final = Path(".startlab")


class _Version(msgspec.Struct, frozen=True, tag_field="kind", tag="run"):
    """Of a header, what every version of startlab can read."""

    schema_version: int
    startlab: str = "?"


class Journal:
    """A journal that is being written. Every line is with the kernel when `write` returns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / NAME
        cut_off = path.exists() and not path.read_bytes().endswith((b"\n",)) and path.stat().st_size
        self._file = path.open("ab", buffering=0)
        if cut_off:
            self._file.write(b"\n")

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def write(self, record: Record) -> None:
        """Append one record."""
        self._file.write(msgspec.json.encode(record) + b"\n")


def new_folder(now: datetime | None = None) -> tuple[str, Path]:
    """Choose the id and folder of a new run: `.startlab/<time>-<short id>`."""
    moment = (now or datetime.now(UTC)).astimezone()
    run_id = f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    return run_id, RUNS / run_id


def point_latest_at(folder: Path) -> None:
    """Have `.startlab/latest` mean a run; on a file system without links, a file names it."""
    latest = RUNS / "latest"
    if folder.parent.resolve() != RUNS.resolve():
        return
    fresh = RUNS / f"latest.{os.getpid()}"
    try:
        fresh.symlink_to(folder.name, target_is_directory=True)
    except OSError:
        fresh.write_text(folder.name, "utf-8")
    fresh.replace(latest)


def find(run: Path) -> Path:
    """Find the journal of a run, given its folder, its journal, or `latest`.

    Raises JournalError.
    """
    if run.name == "latest" and run.is_file():
        run = run.with_name(run.read_text("utf-8").strip())
    path = run / NAME if run.is_dir() else run
    if not path.is_file():
        raise JournalError(
            f"{run} holds no run: there is no {NAME}. Runs are in {RUNS}/; the last one is "
            f"{RUNS / 'latest'}."
        )
    return path


def read(run: Path) -> Run:
    """Read a run back. Raises JournalError if there is nothing to read.

    A line that was cut off or damaged is counted, and the rest is read. Of an environment or a
    trial that a resumed run has told of again, the last word counts.
    """
    path = find(run)
    decoder = msgspec.json.Decoder(Record)
    headers: list[RunHeader] = []
    environments: dict[str, PlannedEnvironment] = {}
    trials: dict[tuple[Cell, int], Trial] = {}
    ends: list[End] = []
    damaged = 0
    for line in path.read_bytes().splitlines():
        _refuse_newer(path, line)
        try:
            record: Record = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            damaged += 1
            continue
        match record:
            case RunHeader():
                headers.append(record)
            case PlannedEnvironment():
                environments[record.name] = record
            case Trial():
                trials[record.cell, record.trial] = record
            case End():
                ends.append(record)
    if not headers:
        raise JournalError(f"{path} is not the journal of a run: no line of it says which.")
    return Run(
        header=headers[0],
        environments=tuple(environments.values()),
        trials=tuple(trials.values()),
        ends=tuple(ends),
        damaged_lines=damaged,
    )


def _refuse_newer(path: Path, line: bytes) -> None:
    try:
        header = msgspec.json.decode(line, type=_Version)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    if header.schema_version > SCHEMA_VERSION:
        raise JournalError(
            f"{path} was written by startlab {header.startlab}, which is newer than this one; "
            "read it with that version or a later one."
        )


def schema() -> bytes:
    """Give the JSON Schema of a line, as it is in `journal.schema.json`."""
    described = msgspec.json.schema(Record)
    for definition in described["$defs"].values():
        if "description" in definition:
            # A docstring, which only Python 3.13 and later free from its indentation.
            definition["description"] = inspect.cleandoc(definition["description"])
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of a startlab journal",
        **described,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"

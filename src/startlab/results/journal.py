"""The results file of a run: append-only, crash-safe, one line of JSON for each record.

`journal.schema.json` beside this file describes a line.
"""

from __future__ import annotations

import inspect
import io
import os
import secrets
import threading
import weakref
from array import array
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from packaging.version import Version

from startlab.errors import JournalError, NoJournalError
from startlab.model import (
    JOURNAL_NAME,
    SCHEMA_VERSION,
    CauseExperiment,
    Cell,
    End,
    PlannedEnvironment,
    Record,
    Run,
    RunHeader,
    Selection,
    Trial,
)
from startlab.results.lock import lock
from startlab.results.output_groups import grouped
from startlab.results.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from types import TracebackType

NAME: Final = JOURNAL_NAME
UNFINISHED: Final = f".{NAME}.unfinished"
"""A journal that is not there until it is whole."""

RUNS: Final = Path(".startlab")
KEPT: Final = 4 << 20
"""Bytes of a journal whose trials stay decoded: of a longer one, memory would grow with it."""

LONGEST_LINE: Final = 1 << 26
"""In bytes; a longer line is not a record of a run, and is not read into memory."""

LONGEST_S: Final = 1e9
LONGEST_NAME: Final = 200
"""Of an environment's name, in characters."""

MOST_NAMED: Final = 5
"""How many damaged lines are listed; of the rest the number is given."""

_NUMBERS: Final = 1 << 32
"""The most cells, and half as many trials: the two numbers fit into one key of 64 bits."""


class _Version(msgspec.Struct, frozen=True, tag_field="kind", tag="run"):
    """The part of a header that every version of startlab can read."""

    schema_version: int
    startlab: str = "?"


class Journal:
    """A journal that is being written. Every line is with the kernel when `write` returns.

    It is locked until it is closed, or its process has ended. Raises JournalError where it cannot
    be written, or another process is writing it; and, if it is to be `new`, where it has lines.
    """

    def __init__(self, folder: Path, *, new: bool = False, name: str = NAME) -> None:
        self.folder = folder
        self._name = name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / name).open("a+b", buffering=0)
        except OSError as error:
            raise JournalError(
                f"{error.filename or folder} cannot be written: {error.strerror or error}. "
                "A run's journal and reports go there; name another folder with --out."
            ) from None
        try:
            self._begin(new=new)
        except BaseException:
            self._file.close()
            raise

    def _begin(self, *, new: bool) -> None:
        if not lock(self._file):
            raise JournalError(
                f"{self.folder} is being written by another startlab that is still running; wait "
                "until it ends, or name another folder with --out."
            )
        if not self._file.seek(0, io.SEEK_END):
            return
        if new:
            raise taken(self.folder)
        if self._cut_off():
            self._write(b"\n")

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
        """Append one record. Raises JournalError, as where the disk is full."""
        try:
            line = msgspec.json.encode(record)
        except UnicodeEncodeError:  # a file name or an argument that is not valid text
            line = msgspec.json.encode(_encodable(msgspec.to_builtins(record)))
        self._write(line + b"\n")

    def _write(self, line: bytes) -> None:
        view = memoryview(line)
        try:
            while view:  # a disk that is nearly full takes a part
                view = view[self._file.write(view) :]
        except OSError as error:
            then = "Make room, and do it again."
            if self._name == NAME:
                then = "What is in it is kept; make room, and finish the run with --resume --out "
                then += str(self.folder)
            raise JournalError(
                f"{self.folder / NAME} cannot be written: {error.strerror or error}. {then}"
            ) from None

    def empty(self) -> None:
        """Forget what is in it."""
        self._file.truncate(0)

    def _cut_off(self) -> bool:
        self._file.seek(-1, io.SEEK_END)
        return self._file.read(1) != b"\n"


@contextmanager
def as_a_whole(folder: Path) -> Iterator[Journal]:
    """Write a journal that is there once it is whole, and not at all if that is cut short."""
    with Journal(folder, name=UNFINISHED) as book:
        book.empty()  # another may have been killed here
        yield book
    (folder / UNFINISHED).replace(folder / NAME)


def _encodable(value: object) -> object:
    """Escape what UTF-8 cannot encode in every string of a value."""
    match value:
        case str():
            return value.encode(errors="backslashreplace").decode()
        case dict():
            return {_encodable(key): _encodable(each) for key, each in value.items()}
        case list() | tuple():
            return [_encodable(each) for each in value]
        case _:
            return value


def new_id(now: datetime | None = None) -> str:
    """Make the id of a new run: `<time>-<short id>`."""
    moment = (now or datetime.now(UTC)).astimezone()
    return f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def new_folder() -> Path:
    """Choose the folder of a new run, called as the run is: `.startlab/<id>`."""
    return RUNS / new_id()


def taken(folder: Path) -> JournalError:
    """Say that a folder holds a run already."""
    return JournalError(f"{folder} holds a run already; finish it with --resume, or move it.")


def refuse_taken(folder: Path) -> None:
    """Raise JournalError if a folder holds a run already, of which anything is known."""
    path = folder / NAME
    try:
        if path.exists() and (not path.is_file() or path.stat().st_size):
            raise taken(folder)
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror or error}") from None


def point_latest_at(folder: Path) -> None:
    """Point `.startlab/latest` at a run; on a file system without links it is a file."""
    latest = RUNS / "latest"
    if folder.parent.resolve() != RUNS.resolve():
        return
    if latest.is_dir() and not latest.is_symlink():
        raise JournalError(
            f"{latest} is a folder, where startlab keeps a link to the last run; move it away."
        )
    fresh = RUNS / f"latest.{os.getpid()}"
    try:
        fresh.symlink_to(folder.name, target_is_directory=True)
    except OSError:
        fresh.write_text(folder.name, "utf-8")
    try:
        fresh.replace(latest)
    except PermissionError:  # Windows does not replace a link to a folder
        latest.unlink()
        fresh.replace(latest)


def find(run: Path) -> Path:
    """Find the journal of a run, given its folder, its journal, its id, or `latest`.

    Raises JournalError, of which NoJournalError says that there is none.
    """
    try:
        if run.name == str(run) and not os.path.lexists(run) and os.path.lexists(RUNS / run):
            run = RUNS / run
        if run.name == "latest" and run.is_symlink():
            run = run.parent / run.readlink()
        elif run.name == "latest" and run.is_file():
            run = run.with_name(run.read_text("utf-8").strip())
        path = run / NAME if run.is_dir() else run
        there = path.is_file()
    except (OSError, ValueError) as error:
        raise JournalError(f"{run} cannot be read: {error}") from None
    if not there:
        raise NoJournalError(
            f"{run} is not a run: it has no {NAME}. Runs are in {RUNS}/; the last one is "
            f"{RUNS / 'latest'}."
        )
    return path


def begun(out: Path | None) -> Path | None:
    """Find the folder of the run to resume; None if it was killed before its journal had a line."""
    try:
        path = find(out or RUNS / "latest")
    except NoJournalError:
        return None
    return path.parent if path.stat().st_size else None


def read(run: Path, *, any_version: bool = False) -> Run:
    """Read a run back, as `read_as_written` does, with the output groups of a user's program."""
    return grouped(read_as_written(run, any_version=any_version))


def read_as_written(run: Path, *, any_version: bool = False) -> Run:
    """Read a run back. Raises JournalError if there is nothing to read.

    Its trials are decoded again whenever they are asked for. A line that was cut off or damaged is
    counted, and the rest is read; what cannot be told because of it is among the caveats. Of an
    environment or a trial that a resumed run has told of again, the last word counts. A journal of
    another form is refused, for it may mean other things by the same words, unless `any_version` is
    true: then what can be read is.
    """
    path = find(run)
    try:
        return _read(path, any_version=any_version)
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror or error}") from None


class _File:
    """A journal that stays open as long as it is read, so that it can be deleted meanwhile.

    Several threads may read it at once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb")
        self._lock = threading.Lock()
        self._decoder = msgspec.json.Decoder(Trial)
        self._room = KEPT
        self._kept: dict[int, Trial] = {}
        weakref.finalize(self, self._file.close)

    def lines(self) -> Iterator[tuple[int, bytes | None]]:
        """Yield each line with its offset, None for a line that is too long to be a record."""
        offset = 0
        while line := self._file.readline(LONGEST_LINE):
            if len(line) < LONGEST_LINE:
                yield offset, line
            else:
                while line and not line.endswith(b"\n"):
                    line = self._file.readline(LONGEST_LINE)
                yield offset, None
            offset = self._file.tell()

    def keep(self, offset: int, line: bytes, trial: Trial) -> None:
        """Keep a decoded trial for all reports of it, as long as there is room."""
        if len(line) <= self._room:
            self._room -= len(line)
            self._kept[offset] = trial

    def trial(self, offset: int, cell: Cell) -> Trial:
        """Return a trial that was kept, or decode its line again.

        Raises JournalError if the line has changed.
        """
        trial = self._kept.get(offset)
        if trial is not None:
            return trial
        try:
            with self._lock:
                self._file.seek(offset)
                line = self._file.readline(LONGEST_LINE)
            trial = self._decoder.decode(line)
        except OSError as error:
            raise JournalError(f"{self._path} cannot be read: {error.strerror or error}") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        if trial is None or trial.cell != cell:
            raise JournalError(
                f"{self._path} was overwritten or truncated while it was read; read it again."
            )
        return trial


class _Lines(Trials):
    """The trials of a journal: for each the offset of its line is kept, and a shared cell."""

    __slots__ = ("_file", "_offsets", "cells")

    cells: Sequence[Cell]

    def __init__(self, file: _File, offsets: array[int], cells: Sequence[Cell]) -> None:
        self._file = file
        self._offsets = offsets
        self.cells = cells

    def __len__(self) -> int:
        return len(self._offsets)

    def make(self, place: int) -> Trial:
        return self._file.trial(self._offsets[place], self.cells[place])


class _Found:
    """What has been read of a journal so far.

    For a trial, that is its key, made of its number and its cell's, and the offset of its line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.headers: list[RunHeader] = []
        self.environments: dict[str, PlannedEnvironment] = {}
        self.experiments: list[CauseExperiment] = []
        self.ends: list[End] = []
        self.damaged: list[int] = []
        self._keys = array("q")
        self._offsets = array("q")
        self._cells: dict[Cell, int] = {}
        self._names: dict[str, str] = {}

    def add(self, record: Record, offset: int) -> None:
        """Add a record; the last one for an environment or a trial counts."""
        match record:
            case RunHeader():
                self.headers.append(record)
            case PlannedEnvironment():
                for cell in record.cells:
                    self._share_names(cell)
                    self._cells.setdefault(cell, len(self._cells))
                self.environments[record.name] = record
            case Trial():
                number = self._cells.setdefault(record.cell, len(self._cells))
                self._keys.append(record.trial * _NUMBERS + number)
                self._offsets.append(offset)
            case CauseExperiment():
                self.experiments.append(record)
            case End():
                self.ends.append(record)

    def _share_names(self, cell: Cell) -> None:
        """Keep equal names only once in memory."""
        for field in ("experiment", "environment"):
            name = getattr(cell, field)
            msgspec.structs.force_setattr(cell, field, self._names.setdefault(name, name))

    def run(self, file: _File, caveats: list[str]) -> Run:
        """Make the run. Raises JournalError if nothing of one was found."""
        if not (self.headers or self.environments or self._keys):
            raise JournalError(_nothing(self.path, len(self.damaged)))
        if self.damaged:
            caveats.append(_damage(self.damaged))
        if not self.headers:
            caveats.append("The line that says what was run, and with which startlab, is missing.")
            self.headers.append(_lost_header(self.path, self.environments.values()))
        trials = self._trials(file)
        caveats += _complete(self.environments, self._unplanned(trials.cells))
        if not self.ends:
            caveats.append("The run has not ended: it was killed, or is still going on.")
        return Run(
            header=self.headers[0],
            environments=tuple(self.environments.values()),
            trials=trials,
            ends=tuple(self.ends),
            experiments=tuple(self.experiments),
            damaged_lines=len(self.damaged),
            caveats=(*self.headers[0].caveats, *caveats),
        )

    def _unplanned(self, ran: Iterable[Cell]) -> Iterable[Cell]:
        """Return the cells that were run but are not in the plan."""
        planned = bytearray(len(self._cells))
        for each in self.environments.values():
            for cell in each.cells:
                planned[self._cells[cell]] = True
        return dict.fromkeys(cell for cell in ran if not planned[self._cells[cell]])

    def _trials(self, file: _File) -> _Lines:
        """Return each trial once, at the place of its first record, with its last record."""
        again = {key for key, other in pairwise(sorted(self._keys)) if key == other}
        lines = zip(self._keys, self._offsets, strict=True)
        last = {key: offset for key, offset in lines if key in again}
        every, cells = tuple(self._cells), []
        offsets = array("q")
        for key, offset in zip(self._keys, self._offsets, strict=True):
            if key not in again or key in last:
                offsets.append(last.pop(key, offset))
                cells.append(every[key % _NUMBERS])
        return _Lines(file, offsets, cells)


def _read(path: Path, *, any_version: bool) -> Run:
    decoder = msgspec.json.Decoder(Record)
    file, found = _File(path), _Found(path)
    caveats: list[str] = []
    for number, (offset, line) in enumerate(file.lines(), 1):
        if (said := _of_other_version(line)) is not None:
            if not any_version:
                raise JournalError(f"{path} {said}; read it with that version.")
            caveats.append(f"The journal {said}: what only that version knows is left out.")
        try:
            record = _checked(decoder.decode(line or b""))
            found.add(record, offset)
            if isinstance(record, Trial):
                file.keep(offset, line or b"", record)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found.damaged.append(number)
    return found.run(file, caveats)


def _checked(record: Record) -> Record:
    """Raise ValidationError for invalid values that the types allow."""
    if isinstance(record, RunHeader) and record.program is not None and not record.program.target:
        raise msgspec.ValidationError("a program without a name")
    if isinstance(record, Trial | End) and not 0 <= record.duration_s <= LONGEST_S:
        raise msgspec.ValidationError(f"{record.duration_s} s is not a duration")
    if isinstance(record, Trial):
        _name(record.environment)
        if not 0 <= record.trial < _NUMBERS // 2:
            raise msgspec.ValidationError(f"{record.trial} is not a trial number")
    if isinstance(record, PlannedEnvironment):
        _name(record.name)
        if record.environment is not None:
            _version(record.environment.python)
        for cell in (*record.cells, *record.elsewhere):
            if cell.environment != record.name:
                raise msgspec.ValidationError(f"a cell of {record.name} is in {cell.environment}")
    return record


def _name(said: str) -> None:
    if len(said) > LONGEST_NAME:
        raise msgspec.ValidationError(f"{said[:LONGEST_NAME]!r}… is not an environment's name")


def _version(said: str) -> None:
    try:
        Version(said)
    except ValueError:
        raise msgspec.ValidationError(f"{said!r} is not a Python version") from None


def _of_other_version(line: bytes | None) -> str | None:
    """Say which version wrote a journal, if this is its header and it has another form."""
    try:
        header = msgspec.json.decode(line or b"", type=_Version)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if header.schema_version == SCHEMA_VERSION:
        return None
    age = "newer" if header.schema_version > SCHEMA_VERSION else "older"
    return f"was written by startlab {header.startlab}, which is {age} than this one"


def _nothing(path: Path, damaged: int) -> str:
    if damaged:
        return f"{path} is not the journal of a run: none of its {damaged} lines is a record."
    return f"{path} is empty: the run was killed before it could write anything."


def _damage(damaged: list[int]) -> str:
    which = ", ".join(map(str, damaged[:MOST_NAMED]))
    if len(damaged) > MOST_NAMED:
        which += f" and {len(damaged) - MOST_NAMED} more"
    lines, their = ("line", "its") if len(damaged) == 1 else ("lines", "their")
    return (
        f"{len(damaged)} {lines} of the journal ({which}) could not be read: "
        f"truncated or corrupt; {their} contents are missing from this report."
    )


def _lost_header(path: Path, environments: Collection[PlannedEnvironment]) -> RunHeader:
    backends = [each.environment.backend for each in environments if each.environment]
    return RunHeader(
        id=path.parent.name,
        schema_version=SCHEMA_VERSION,
        startlab="?",
        catalogue="?",
        started="?",
        backend=backends[0] if backends else "native",
        selection=Selection(),
    )


def _complete(environments: dict[str, PlannedEnvironment], unplanned: Iterable[Cell]) -> list[str]:
    """Add the cells that are missing from the plan; return a caveat for each environment."""
    lacking: dict[str, list[Cell]] = {}
    for cell in unplanned:
        lacking.setdefault(cell.environment, []).append(cell)
    for name, cells in lacking.items():
        known = environments.get(name, PlannedEnvironment(name=name, cells=()))
        environments[name] = msgspec.structs.replace(known, cells=(*known.cells, *cells))
    return [
        f"The plan of {name} is missing from the journal, or part of it: "
        "its cells that were not run are not shown as missing."
        for name in lacking
    ]


def schema() -> bytes:
    """Return the JSON Schema of a line, as in `journal.schema.json`."""
    return schema_of(Record, "A line of a startlab journal")


def schema_of(kind: object, title: str) -> bytes:
    """Return the JSON Schema of a type of the model."""
    described = msgspec.json.schema(kind)
    for definition in described["$defs"].values():
        if "description" in definition:
            # A docstring, whose indentation only Python 3.13 and later remove.
            definition["description"] = inspect.cleandoc(definition["description"])
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **described,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"

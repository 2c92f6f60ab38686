"""The results file: written, cut off anywhere, damaged, read back."""

from __future__ import annotations

import gc
import json
import re
import tempfile
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from startlab.diagnosis import diagnose
from startlab.errors import JournalError
from startlab.model import (
    SCHEMA_VERSION,
    Cell,
    End,
    Frame,
    LeftBehind,
    PlannedEnvironment,
    Process,
    PythonException,
    Record,
    RunHeader,
    Selection,
    Start,
    Thread,
    Trial,
)
from startlab.report import files
from startlab.report.formats import FORMATS
from startlab.results import journal
from startlab.results.summary import summarise
from startlab.results.trials import cells_of
from tests import needs

if TYPE_CHECKING:
    from startlab.model import Environment

HEADER = RunHeader(
    id="20260101-000000-abcd",
    schema_version=SCHEMA_VERSION,
    startlab="0.1.0",
    catalogue="0123456789ab",
    started="2026-01-01T00:00:00+00:00",
    backend="native",
    selection=Selection(experiments=("lock*",), methods=("fork",), shard=(1, 2), timeout_s=2.5),
    host={"cores": "2"},
)
CELLS = tuple(
    Cell(experiment=name, environment="host-3.13", method="fork") for name in ("lock", "löck:cure")
)
HANG = Trial(
    experiment="lock",
    environment="host-3.13",
    method="fork",
    trial=0,
    outcome="hang",
    grade="proven",
    reason="waits for ever\nand ever",
    where="program.py:7",
    as_expected=True,
    expected=("hang", "ok"),
    method_used=("fork",),
    exception=PythonException(type="KeyError", message="'é\r\n\u2028'"),
    stdout='{"kind": "end"}\n',
    starts=(Start(pid=1, method="fork", time_s=0.1, where="program.py:3", child=2),),
    processes=(
        Process(
            pid=2,
            ppid=1,
            command="python program.py",
            threads=(Thread(tid=2, waits="futex", stack=(Frame(file="f", line=1, function="g"),)),),
        ),
    ),
    notes=("a note",),
)
OK = Trial(
    experiment="löck:cure",
    environment="host-3.13",
    method="fork",
    trial=0,
    outcome="ok",
    reason="",
    as_expected=True,
    expected=("ok",),
)
END = End(finished="2026-01-01T00:00:09+00:00", duration_s=9.25)


@pytest.fixture
def planned(environment: Environment) -> PlannedEnvironment:
    return PlannedEnvironment(name="host-3.13", cells=CELLS, environment=environment)


@pytest.fixture
def whole(tmp_path: Path, planned: PlannedEnvironment) -> Path:
    """A journal with a record of every kind."""
    with journal.Journal(tmp_path / "run") as book:
        for record in (HEADER, planned, HANG, OK, END):
            book.write(record)
    return tmp_path / "run"


def test_what_is_written_is_read_back(whole: Path, planned: PlannedEnvironment) -> None:
    run = journal.read(whole)
    assert run.header == HEADER
    assert run.environments == (planned,)
    assert run.trials == (HANG, OK)
    assert run.ends == (END,)
    assert run.damaged_lines == 0
    assert run == journal.read(whole / "journal.jsonl")


def test_every_line_is_there_when_write_returns(tmp_path: Path) -> None:
    with journal.Journal(tmp_path) as book:
        book.write(HEADER)
        assert journal.read(tmp_path).header == HEADER


@pytest.mark.targets
def test_a_journal_cut_off_at_any_byte_is_read_as_far_as_it_goes(whole: Path) -> None:
    path = whole / journal.NAME
    data = path.read_bytes()
    ends = [n + 1 for n, byte in enumerate(data) if byte == ord("\n")]
    for size in range(len(data)):
        path.write_bytes(data[:size])
        records = sum(end - 1 <= size for end in ends)
        if records == 0:
            with pytest.raises(JournalError):
                journal.read(whole)
            continue
        run = journal.read(whole)
        found = 1 + len(run.environments) + len(run.trials) + len(run.ends)
        assert (found, run.damaged_lines) == (
            records,
            int(size not in ends and size + 1 not in ends),
        )


def test_what_is_appended_after_a_cut_is_readable(whole: Path) -> None:
    path = whole / journal.NAME
    data = path.read_bytes()
    first = data.index(b"\n")
    for size in range(first, len(data), 7):
        path.write_bytes(data[:size])
        before = journal.read(whole)
        with journal.Journal(whole) as book:
            book.write(OK)
            book.write(END)
        run = journal.read(whole)
        assert run.trials[-1] == OK
        assert run.ends == (*before.ends, END)
        assert run.damaged_lines == before.damaged_lines


def test_an_empty_journal_can_be_begun_again(tmp_path: Path) -> None:
    (tmp_path / journal.NAME).touch()
    with pytest.raises(JournalError, match="is empty: the run was killed"):
        journal.read(tmp_path)
    with journal.Journal(tmp_path) as book:
        book.write(HEADER)
    assert journal.read(tmp_path).damaged_lines == 0


@pytest.mark.parametrize(
    "broken",
    [
        b"{",
        b"\x00\xff\xfe",
        b"[]",
        b"3",
        b'{"kind": "trial"}',
        b'{"kind": "song"}',
        b"",
        b'{"kind": 3}',
    ],
)
def test_a_broken_line_in_the_middle_is_counted_and_the_rest_is_read(
    whole: Path, broken: bytes
) -> None:
    path = whole / journal.NAME
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines[:2], broken, *lines[2:]]) + b"\n")
    run = journal.read(whole)
    assert run.trials == (HANG, OK)
    assert run.damaged_lines == 1
    (caveat,) = run.caveats
    assert caveat.startswith("1 line of the journal (3) could not be read: truncated or corrupt")


def test_without_its_header_a_journal_is_still_read(whole: Path) -> None:
    path = whole / journal.NAME
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([b"{", *lines[1:]]))
    run = journal.read(whole)
    assert run.trials == (HANG, OK)
    assert (run.header.id, run.header.startlab, run.header.catalogue) == (whole.name, "?", "?")
    assert "The line that says what was run" in run.caveats[1]


def test_trials_of_a_plan_that_is_lost_are_reported_with_a_caveat(whole: Path) -> None:
    path = whole / journal.NAME
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([lines[0], *lines[2:]]))
    run = journal.read(whole)
    assert run.planned == CELLS
    assert run.environments[0].environment is None
    assert "The plan of host-3.13 is missing from the journal" in run.caveats[0]


def test_a_run_without_an_end_was_killed_or_goes_on(whole: Path) -> None:
    path = whole / journal.NAME
    path.write_bytes(b"\n".join(path.read_bytes().splitlines()[:3]) + b"\n")
    assert journal.read(whole).caveats == (
        "The run has not ended: it was killed, or is still going on.",
    )


@pytest.mark.parametrize(
    "line",
    [
        b'{"kind":"end","x":' + b"[" * 300_000,
        b'{"kind":"end","finished":"' + b"x" * 10_000_000,
        b'{"kind":"end","finished":"\\ud800","duration_s":1}',
        b'{"kind":"end","finished":"","duration_s":1e999}',
        b'{"kind":"end","finished":"","duration_s":-1e300}',
        b'{"kind":"environment","name":"a","cells":[{"experiment":"x","environment":"b","method":"fork"}]}',
        b'{"kind":"environment","name":"' + b"x" * 1000 + b'","cells":[]}',
        b"\0" * 1_000_000,
    ],
    ids=["deep", "long", "surrogate", "infinite", "negative", "elsewhere", "name", "zeros"],
)
def test_a_hostile_line_is_one_damaged_line(whole: Path, line: bytes) -> None:
    path = whole / journal.NAME
    path.write_bytes(path.read_bytes() + line + b"\n")
    run = journal.read(whole)
    assert run.trials == (HANG, OK)
    assert run.damaged_lines == 1


def test_a_line_longer_than_any_record_is_passed_over(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = whole / journal.NAME
    data = path.read_bytes()
    longest = max(map(len, data.splitlines(keepends=True)))
    monkeypatch.setattr(journal, "LONGEST_LINE", longest + 1)
    path.write_bytes(b"x" * (5 * longest) + b"\n" + data + b"x" * (2 * longest + 2))
    run = journal.read(whole)
    assert (run.trials, run.damaged_lines) == ((HANG, OK), 2)


def test_a_version_of_python_that_is_none_is_damage(
    whole: Path, planned: PlannedEnvironment
) -> None:
    there = planned.environment
    assert there is not None
    wrong = msgspec.structs.replace(there, python="3.x\n")
    with journal.Journal(whole) as book:
        book.write(msgspec.structs.replace(planned, environment=wrong))
    assert journal.read(whole).damaged_lines == 1


def test_what_is_no_text_is_written_escaped(whole: Path) -> None:
    process = msgspec.structs.replace(HANG.processes[0], command="python \udcff.py")
    with journal.Journal(whole) as book:
        book.write(msgspec.structs.replace(HANG, trial=7, processes=(process,)))
    assert journal.read(whole).trials[-1].processes[0].command == "python \\udcff.py"


@pytest.mark.parametrize("latest", [b"\xff", b"", b"a/b", b"\0", b"x" * 5000])
def test_a_latest_that_names_no_run_is_an_error(tmp_path: Path, latest: bytes) -> None:
    (tmp_path / "latest").write_bytes(latest)
    with pytest.raises(JournalError, match=r"latest|is not a run"):
        journal.read(tmp_path / "latest")


def test_any_single_damaged_byte_is_survived(whole: Path) -> None:
    path = whole / journal.NAME
    data = path.read_bytes()
    for at in range(0, len(data), 5):
        path.write_bytes(data[:at] + b"\xff" + data[at + 1 :])
        try:
            assert journal.read(whole).damaged_lines in (0, 1, 2)
        except JournalError:
            pytest.fail(f"nothing was read with byte {at} damaged")


def test_the_last_word_on_a_trial_and_on_an_environment_counts(
    tmp_path: Path, planned: PlannedEnvironment
) -> None:
    lost = msgspec.structs.replace(HANG, outcome="unavailable", as_expected=False)
    again = msgspec.structs.replace(HANG, trial=1)
    gone = PlannedEnvironment(name="host-3.13", cells=CELLS, unavailable="no agent")
    with journal.Journal(tmp_path) as book:
        for record in (HEADER, gone, lost, OK, END, planned, HANG, again, END):
            book.write(record)
    run = journal.read(tmp_path)
    assert run.environments == (planned,)
    assert run.trials == (HANG, OK, again)
    assert run.ends == (END, END)


words = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), max_size=30)


@given(words)
def test_each_trial_is_there_once_by_the_last_word_on_it(
    words: list[tuple[int, int, bool]],
) -> None:
    last: dict[tuple[int, int], Trial] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        with journal.Journal(Path(name)) as book:
            book.write(HEADER)
            for cell, number, is_ok in words:
                trial = msgspec.structs.replace(
                    OK if is_ok else HANG, experiment=f"e{cell}", trial=number
                )
                book.write(trial)
                last[cell, number] = trial
        run = journal.read(Path(name))
        assert list(run.trials) == list(last.values())
        assert [trial.cell for trial in run.trials] == list(cells_of(run.trials))


@pytest.mark.parametrize("number", [-1, 1 << 31, 1 << 100])
def test_a_number_that_no_trial_can_have_is_damage(whole: Path, number: int) -> None:
    with journal.Journal(whole) as book:
        book.write(msgspec.structs.replace(OK, trial=number))
    run = journal.read(whole)
    assert (run.trials, run.damaged_lines) == ((HANG, OK), 1)


@pytest.mark.parametrize(
    "newer",
    [
        msgspec.structs.replace(HEADER, schema_version=9, startlab="9.0"),
        {"kind": "run", "schema_version": 9, "startlab": "9.0", "renamed": [1]},
        {"kind": "run", "schema_version": 9, "startlab": "9.0", "selection": None},
    ],
)
def test_a_newer_journal_says_which_version_can_read_it(tmp_path: Path, newer: object) -> None:
    (tmp_path / journal.NAME).write_bytes(msgspec.json.encode(newer) + b'\n{"kind": "song"}\n')
    with pytest.raises(JournalError, match=r"written by startlab 9\.0, which is newer"):
        journal.read(tmp_path)
    book = journal.Journal(tmp_path)
    with book:
        book.write(OK)
    run = journal.read(tmp_path, any_version=True)
    assert run.trials == (OK,)
    assert "written by startlab 9.0" in run.caveats[0]


def test_an_older_journal_says_so_too(whole: Path) -> None:
    file = whole / journal.NAME
    now, then = (f'"schema_version":{each}'.encode() for each in (SCHEMA_VERSION, 1))
    file.write_bytes(file.read_bytes().replace(now, then))
    with pytest.raises(JournalError, match=r"written by startlab .*, which is older than this one"):
        journal.read(whole)
    run = journal.read(whole, any_version=True)
    assert run.trials == (HANG, OK)
    assert "older than this one" in run.caveats[0]


def test_what_is_no_journal_is_an_error_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Dear diary\n", "utf-8")
    for path in (file, tmp_path, tmp_path / "nowhere"):
        with pytest.raises(JournalError, match=re.escape(str(path))):
            journal.read(path)
    (tmp_path / journal.NAME).mkdir()
    with pytest.raises(JournalError):
        journal.read(tmp_path)


# --- runs and the latest of them ---------------------------------------------------------------


def test_a_new_run_has_a_folder_of_its_own() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    run_id = journal.new_id(moment)
    assert run_id.startswith(f"{moment.astimezone():%Y%m%d-%H%M%S}-")
    assert journal.new_id(moment) != run_id
    assert journal.new_folder().parent == Path(".startlab")


@pytest.mark.parametrize("links", [True, False])
def test_latest_means_the_last_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    if not links:

        def refuse(*_: object, **__: object) -> None:
            raise OSError("no links here")

        monkeypatch.setattr(Path, "symlink_to", refuse)
    for _ in range(2):
        folder = journal.new_folder()
        header = msgspec.structs.replace(HEADER, id=folder.name)
        with journal.Journal(folder) as book:
            book.write(header)
        journal.point_latest_at(folder)
        for name in (".startlab/latest", "latest", folder.name):
            assert journal.read(Path(name)).header == header
    assert sorted(p.name for p in Path(".startlab").iterdir() if "latest" in p.name) == ["latest"]


def test_a_link_to_the_last_run_is_replaced_where_a_link_to_a_folder_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs.links(tmp_path)
    replace = Path.replace

    def as_on_windows(self: Path, target: Path) -> Path:
        if target.is_symlink():
            raise PermissionError(13, "Access is denied")
        return replace(self, target)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "replace", as_on_windows)
    for _ in range(2):
        folder = journal.new_folder()
        folder.mkdir(parents=True)
        journal.point_latest_at(folder)
        assert Path(".startlab/latest").resolve() == folder.resolve()


def test_a_run_elsewhere_is_not_the_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with journal.Journal(tmp_path / "elsewhere"):
        journal.point_latest_at(tmp_path / "elsewhere")
    assert not Path(".startlab").exists()
    with pytest.raises(JournalError, match="no journal"):
        journal.find(Path(".startlab/latest"))


# --- the schema --------------------------------------------------------------------------------


def test_the_schema_that_ships_is_up_to_date() -> None:
    shipped = Path(journal.__file__).with_name("journal.schema.json").read_bytes()
    assert shipped == journal.schema(), "write journal.schema() into journal.schema.json"


def test_every_line_of_a_journal_is_as_the_schema_says(whole: Path) -> None:
    schema = json.loads(journal.schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    lines = (whole / journal.NAME).read_text("utf-8").split("\n")[:-1]
    assert len(lines) == 5
    for line in lines:
        validator.validate(json.loads(line))
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({"kind": "trial", "outcome": "fine"})


def test_every_record_has_its_kind() -> None:
    records: tuple[Record, ...] = (HEADER, PlannedEnvironment(name="x", cells=()), OK, END)
    kinds = [json.loads(msgspec.json.encode(record))["kind"] for record in records]
    assert kinds == ["run", "environment", "trial", "end"]
    assert LeftBehind() == LeftBehind(processes=())


# --- while others change it --------------------------------------------------------------------


def test_a_journal_that_grows_is_read_as_it_was(whole: Path) -> None:
    run = journal.read(whole)
    with journal.Journal(whole) as book:
        book.write(msgspec.structs.replace(HANG, outcome="ok"))
        book.write(msgspec.structs.replace(OK, trial=1))
    assert run.trials == (HANG, OK)
    assert [trial.outcome for trial in journal.read(whole).trials] == ["ok", "ok", "ok"]


def test_a_journal_that_is_replaced_or_deleted_is_read_to_its_end(
    whole: Path, tmp_path: Path
) -> None:
    run = journal.read(whole)
    with journal.Journal(tmp_path / "other") as book:
        book.write(HEADER)
    try:
        (tmp_path / "other" / journal.NAME).replace(whole / journal.NAME)
        assert run.trials == (HANG, OK)
        (whole / journal.NAME).unlink()
    except PermissionError:
        pytest.skip("this platform deletes no file that is open")
    assert run.trials == (HANG, OK)


@pytest.mark.parametrize("how", ["cut off", "zeros", "moved", "other"])
def test_a_journal_that_is_overwritten_in_its_place_is_an_error_that_says_so(
    whole: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "KEPT", 0)  # as in a long one
    path = whole / journal.NAME
    data = path.read_bytes()
    run = journal.read(whole)
    path.write_bytes({
        "cut off": data[: data.index(b'"kind":"trial"')],
        "zeros": bytes(len(data)),
        "moved": b" " + data,
        "other": data.replace(b"host-3.13", b"host-3.12"),
    }[how])  # fmt: skip
    for ask in (lambda: run.trials[0], lambda: list(run.trials), lambda: summarise(run)):
        with pytest.raises(JournalError, match="was overwritten or truncated while it was read"):
            ask()
    failed = files.write(run, diagnose(run), whole)
    assert all("was overwritten or truncated" in each for each in failed)
    assert len(failed) == sum(each.file is not None for each in FORMATS.values())


def test_a_journal_is_closed_when_nobody_has_its_trials_any_more(whole: Path) -> None:
    run = journal.read(whole)
    trials = run.trials
    assert isinstance(trials, journal._Lines)
    file = trials._file._file
    del run, trials
    gc.collect()
    assert file.closed


def test_several_threads_read_the_same_trials(whole: Path) -> None:
    with journal.Journal(whole) as book:
        for number in range(1, 300):
            book.write(msgspec.structs.replace(OK, trial=number, stdout=str(number) * number))
    run = journal.read(whole)
    places = [number * 7919 % len(run.trials) for number in range(900)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(run.trials.__getitem__, places))
    every = tuple(run.trials)
    assert found == [every[place] for place in places]


# --- memory ------------------------------------------------------------------------------------


@pytest.mark.targets
def test_trials_are_not_kept(tmp_path: Path) -> None:
    """Of each are kept where its line is and which cell it is of: not its text of 20 kB."""

    def measured(count: int) -> tuple[int, int]:
        folder = tmp_path / str(count)
        with journal.Journal(folder) as book:
            for number in range(count):
                text = f"{number} " + "as all do " * 2000
                book.write(msgspec.structs.replace(OK, trial=number, stdout=text, stderr=text))
        gc.collect()
        tracemalloc.start()
        run = journal.read(folder)
        kept, _ = tracemalloc.get_traced_memory()
        assert sum(len(trial.stdout) for trial in run.trials) > count * 20_000
        assert len(summarise(run)[0].trials) == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return kept, most

    measured(1)
    (kept, most), (more_kept, more_most) = measured(200), measured(1200)
    assert (more_kept - kept) / 1000 < 64
    assert (more_most - most) / 1000 < 400

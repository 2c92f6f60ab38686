"""Runs from many machines, made one."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from startlab.diagnosis.source.sources import Sources
from startlab.errors import JournalError, SelectionError
from startlab.model import (
    SCHEMA_VERSION,
    Cell,
    End,
    PlannedEnvironment,
    Program,
    Record,
    RunHeader,
    Selection,
    Trial,
)
from startlab.results import journal
from startlab.results.merge import merge
from startlab.results.summary import summarise

if TYPE_CHECKING:
    from pathlib import Path

    from startlab.model import Environment, Run

HEADER = RunHeader(
    id="a", schema_version=SCHEMA_VERSION, startlab="1", catalogue="c1", started="2026-01-02",
    backend="native",
    selection=Selection(),
)  # fmt: skip
CELLS = tuple(
    Cell(experiment=experiment, environment="host-3.13", method="fork")
    for experiment in ("lock", "lock:cure", "other")
)


def trial(cell: Cell, number: int = 0, outcome: Any = "ok", **said: Any) -> Trial:
    values: dict[str, Any] = {"reason": "", "as_expected": True, "expected": ("ok",)} | said
    return Trial(
        experiment=cell.experiment, environment=cell.environment, method=cell.method,
        trial=number, outcome=outcome, **values,
    )  # fmt: skip


class Runs:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths: list[Path] = []
        self.numbers = itertools.count()

    def add(self, *records: Record, **header: Any) -> Path:
        folder = self.root / f"run{next(self.numbers)}"
        values = {"id": folder.name} | header
        with journal.Journal(folder) as book:
            book.write(msgspec.structs.replace(HEADER, **values))
            for record in records:
                book.write(record)
            book.write(End(finished="", duration_s=1))
        self.paths.append(folder)
        return folder

    def merge(self, **said: Any) -> Run:
        merge(self.paths, self.root / "out", **said)
        return journal.read(self.root / "out")


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def planned(*cells: Cell, **said: Any) -> PlannedEnvironment:
    return PlannedEnvironment(name=cells[0].environment, cells=cells, **said)


def words(run: Run) -> dict[str, str]:
    return {each.cell.experiment: each.word for each in summarise(run)}


def test_shards_make_the_whole_and_nothing_else(runs: Runs) -> None:
    for number, mine in ((1, CELLS[::2]), (2, CELLS[1::2])):
        others = tuple(cell for cell in CELLS if cell not in mine)
        runs.add(planned(*mine, elsewhere=others), *map(trial, mine),
                 selection=Selection(shard=(number, 2)))  # fmt: skip
    run = runs.merge()
    assert set(run.planned) == set(CELLS)
    assert run.missing == ()
    assert len(run.trials) == 3
    assert run.caveats == ()
    assert run.header.selection.shard is None
    assert [source.id for source in run.header.merged] == ["run0", "run1"]


def test_a_merge_that_was_cut_short_is_no_run_and_can_be_done_again(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.add(planned(*CELLS), *map(trial, CELLS))
    with monkeypatch.context() as patch:
        patch.setattr(journal.Journal, "write", _killed)
        with pytest.raises(KeyboardInterrupt):
            runs.merge()
    with pytest.raises(JournalError, match="is not a run"):
        journal.read(runs.root / "out")
    assert len(runs.merge().trials) == 3
    assert [each.name for each in (runs.root / "out").iterdir()] == [journal.NAME]


def _killed(book: journal.Journal, _: Record) -> None:
    book._write(b'{"kind":')
    raise KeyboardInterrupt


def test_what_a_lost_shard_was_to_bring_is_missing(runs: Runs) -> None:
    runs.add(planned(CELLS[0], elsewhere=CELLS[1:]), trial(CELLS[0]),
             selection=Selection(shard=(2, 3)))  # fmt: skip
    run = runs.merge()
    assert words(run) == {"lock": "ok", "lock:cure": "missing", "other": "missing"}
    assert run.caveats == ("Not every shard of the plan is here: missing are 1/3, 3/3.",)


def test_a_cell_of_the_plan_that_no_run_brought_is_missing(runs: Runs) -> None:
    runs.add(planned(CELLS[0]), trial(CELLS[0]))
    absent = Cell(experiment="lock", environment="windows-3.14", method="spawn")
    run = runs.merge(plan=[*CELLS, absent])
    assert set(run.missing) == {*CELLS[1:], absent}
    assert not any(each.as_expected for each in summarise(run) if each.outcome == "missing")


def test_the_same_cell_from_two_runs_is_two_trials(runs: Runs) -> None:
    for outcome in ("ok", "hang"):
        runs.add(planned(CELLS[0]), trial(CELLS[0], 0, outcome), trial(CELLS[0], 4))
    run = runs.merge()
    assert [(t.trial, t.outcome) for t in run.trials] == [
        (0, "ok"), (1, "ok"), (2, "hang"), (3, "ok"),
    ]  # fmt: skip


def test_unavailable_does_not_count_where_another_run_ran_the_cell(runs: Runs) -> None:
    lost: dict[str, Any] = {
        "outcome": "unavailable", "as_expected": False, "reason": "no engine",
    }  # fmt: skip
    runs.add(planned(*CELLS, unavailable="no engine"), *(trial(c, **lost) for c in CELLS))
    runs.add(planned(CELLS[0]), trial(CELLS[0], outcome="hang"))
    assert words(runs.merge()) == {
        "lock": "hang", "lock:cure": "unavailable", "other": "unavailable",
    }  # fmt: skip


def test_environments_of_one_name_that_differ_are_reported_apart(
    runs: Runs, environment: Environment
) -> None:
    systems = {"linux": "3.13.0", "win32": "3.13.0", "darwin": "3.13.0"}
    for system, python in systems.items():
        there = msgspec.structs.replace(environment, sys_platform=system, python=python)
        runs.add(planned(CELLS[0], environment=there), trial(CELLS[0]))
    run = runs.merge()
    names = ["host-3.13@linux", "host-3.13@windows", "host-3.13@macos"]
    assert [each.name for each in run.environments] == names
    assert [each.environment and each.environment.name for each in run.environments] == names
    assert [t.environment for t in run.trials] == names
    assert run.missing == ()


def test_environments_that_are_the_same_are_one(runs: Runs, environment: Environment) -> None:
    for kernel in ("6.1", "6.2"):
        there = msgspec.structs.replace(environment, platform_release=kernel)
        runs.add(planned(CELLS[0], environment=there), trial(CELLS[0]))
    run = runs.merge()
    assert [each.name for each in run.environments] == ["host-3.13"]
    assert [t.trial for t in run.trials] == [0, 1]


def test_patch_levels_are_reported_apart(runs: Runs, environment: Environment) -> None:
    for python in ("3.13.0", "3.13.15"):
        there = msgspec.structs.replace(environment, python=python)
        runs.add(planned(CELLS[0], environment=there), trial(CELLS[0]))
    assert [each.name for each in runs.merge().environments] == [
        "host-3.13@3.13.0", "host-3.13@3.13.15",
    ]  # fmt: skip


def test_different_catalogues_are_refused_unless_allowed(runs: Runs) -> None:
    for catalogue in ("c1", "c2"):
        runs.add(planned(CELLS[0]), trial(CELLS[0]), catalogue=catalogue)
    with pytest.raises(SelectionError, match=r"different versions .*c1: .*run0; c2: .*run1"):
        runs.merge()
    assert not (runs.root / "out").exists()
    assert runs.merge(allow_different_catalogues=True).header.catalogue == "c1+c2"


def test_different_programs_are_refused(runs: Runs) -> None:
    for digest in ("d1", "d2"):
        program = Program(kind="script", name="x.py", target="x.py", root="/", digest=digest)
        runs.add(planned(CELLS[0]), trial(CELLS[0]), program=program)
    with pytest.raises(SelectionError, match=r"python x\.py \(d1\), the other of .*\(d2\)"):
        runs.merge()
    runs.paths.pop()
    runs.add(planned(CELLS[0]))
    with pytest.raises(SelectionError, match="the other of the lab"):
        runs.merge()


def test_lines_of_a_program_are_quoted_far_from_where_it_was_run(runs: Runs) -> None:
    program = Program(
        kind="script", name="x.py", target="x.py", root="/nowhere", digest="d",
        sources={"x.py": "import a\nprint(1)\n"},
    )  # fmt: skip
    for cell in CELLS[:2]:
        runs.add(planned(cell), trial(cell), program=program)
    run = runs.merge()
    assert run.header.program is not None
    assert Sources(run.header.program).code("x.py:2") == "print(1)"
    assert [source.program.sources for source in run.header.merged if source.program] == [{}, {}]
    runs.paths.append(runs.root / "out")
    with pytest.raises(SelectionError, match="both contain the run"):
        merge(runs.paths, runs.root / "again")


def test_a_run_is_not_counted_twice(runs: Runs) -> None:
    runs.add(planned(CELLS[0]), trial(CELLS[0]))
    runs.add(planned(CELLS[0]), trial(CELLS[0]), id="run0")
    with pytest.raises(SelectionError, match="both contain the run run0"):
        runs.merge()
    runs.paths.pop()
    run = runs.merge()
    runs.paths.append(runs.root / "out")
    with pytest.raises(SelectionError, match="both contain the run"):
        merge(runs.paths, runs.root / "again")
    assert len(run.trials) == 1


def test_a_merge_can_be_merged(runs: Runs) -> None:
    runs.add(planned(CELLS[0], elsewhere=CELLS[1:]), trial(CELLS[0]))
    runs.merge()
    runs.paths = [runs.root / "out"]
    last = runs.add(planned(*CELLS[1:]), *map(trial, CELLS[1:]), id="last")
    merge([runs.root / "out", last], runs.root / "whole")
    whole = journal.read(runs.root / "whole")
    assert whole.missing == ()
    assert [source.id for source in whole.header.merged] == ["run0", "last"]


def test_what_cannot_be_read_is_said_and_the_rest_is_merged(runs: Runs) -> None:
    runs.add(planned(*CELLS), *map(trial, CELLS))
    damaged = runs.add(planned(CELLS[0]), trial(CELLS[0]))
    path = damaged / journal.NAME
    path.write_bytes(path.read_bytes()[:-20])
    (runs.root / "empty").mkdir()
    (runs.root / "empty" / journal.NAME).touch()
    runs.paths += [runs.root / "empty", runs.root]
    unread = merge(runs.paths, runs.root / "out")
    assert len(unread) == 2
    run = journal.read(runs.root / "out")
    assert run.missing == ()
    for said in ("empty", "is not a run", "line of the journal (4) could not be read", "not ended"):
        assert any(said in caveat for caveat in run.caveats), said
    with pytest.raises(JournalError, match="None of the runs can be read"):
        merge([runs.root / "empty"], runs.root / "none")


def test_the_same_merge_again_changes_nothing_until_a_run_has_changed(runs: Runs) -> None:
    """It was killed before its reports were written, perhaps."""
    path, out = runs.add(planned(CELLS[0])), runs.root / "out"
    merge([path], out)
    before = (out / journal.NAME).read_bytes()
    merge([path], out)
    assert (out / journal.NAME).read_bytes() == before
    later = (out / journal.NAME).stat().st_mtime + 10
    os.utime(path / journal.NAME, (later, later))
    with pytest.raises(SelectionError, match="holds a run already"):
        merge([path], out)


def test_a_folder_that_holds_a_run_is_not_overwritten(runs: Runs) -> None:
    path = runs.add(planned(CELLS[0]))
    with pytest.raises(SelectionError, match="holds a run already"):
        merge([path], path)

"""`startlab report`, `merge` and `diff`, on runs written by hand and on real ones."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from startlab import cli, diagnosis
from startlab.model import (
    SCHEMA_VERSION,
    Cell,
    End,
    PlannedEnvironment,
    Record,
    Run,
    RunHeader,
    Selection,
    Trial,
)
from startlab.report.formats import FORMATS
from startlab.results import journal

HEADER = RunHeader(
    id="a", schema_version=SCHEMA_VERSION, startlab="1", catalogue="c1", started="2026",
    backend="native",
    selection=Selection(),
)  # fmt: skip
CELL = Cell(experiment="lock", environment="host-3.13", method="fork")
PLAN = PlannedEnvironment(name="host-3.13", cells=(CELL,))
END = End(finished="", duration_s=1)


def trial(outcome: Any = "ok", *, as_expected: bool = True) -> Trial:
    return Trial(
        experiment="lock", environment="host-3.13", method="fork", trial=0, outcome=outcome,
        reason="because\x1b", as_expected=as_expected, expected=None,
    )  # fmt: skip


def write(name: str, *records: Record, **said: Any) -> Path:
    with journal.Journal(Path(name)) as book:
        book.write(msgspec.structs.replace(HEADER, id=name, **said))
        for record in records:
            book.write(record)
    return Path(name)


class Done(NamedTuple):
    status: object
    out: str
    err: str


@pytest.fixture
def startlab(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)

    def startlab(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as exit_:
            cli.main(arguments)
        return Done(exit_.value.code, *capsys.readouterr())

    return startlab


# --- report ------------------------------------------------------------------------------------


def test_each_trial_is_decoded_once_and_the_run_is_diagnosed_once(
    startlab: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many formats are asked for."""
    decoded: list[str] = []
    diagnosed: list[str] = []

    real = msgspec.json.Decoder

    class Decoder:
        def __init__(self, kind: Any) -> None:
            self.decoder = real(kind)

        def decode(self, line: bytes) -> object:
            record = self.decoder.decode(line)
            if isinstance(record, Trial):
                decoded.append(record.experiment)
            return record

    def diagnose(run: Run) -> diagnosis.Diagnosis:
        diagnosed.append(run.header.id)
        return diagnosis.diagnose(run)

    write("run", PLAN, trial("hang", as_expected=False), END)
    monkeypatch.setattr(msgspec.json, "Decoder", Decoder)
    monkeypatch.setattr("startlab.cli.reports.diagnose", diagnose)
    formats = [word for name in FORMATS for word in (f"--{name}", f"{name}.txt")]
    assert startlab("report", "run", *formats).status == 0
    assert (decoded, diagnosed) == (["lock"], ["run"])


def test_a_run_is_reported_on_the_terminal(startlab: Any) -> None:
    write("run", PLAN, trial("hang", as_expected=False), END)
    done = startlab("report", "run")
    assert done.status == 0
    assert "lock × host-3.13 × fork: hang" in done.out
    assert "because\\x1b" in done.out


def test_a_run_is_reported_in_files(startlab: Any) -> None:
    write("run", PLAN, trial(), END)
    done = startlab(
        "report", "run", "--html", "h", "--markdown", "m", "--junit", "j", "--json", "o"
    )
    assert (done.status, done.out, done.err) == (0, "", "")
    assert Path("h").read_text("utf-8").startswith("<!doctype html>")
    assert Path("m").read_text("utf-8").startswith("## ✓ startlab: all 1 cell as expected")
    assert ET.parse("j").getroot().tag == "testsuites"  # noqa: S314 - our own
    assert json.loads(Path("o").read_text("utf-8"))["header"]["id"] == "run"


def test_a_report_to_stdout_is_nothing_else(startlab: Any) -> None:
    path = write("run", PLAN, trial())
    with (path / journal.NAME).open("ab") as file:
        file.write(b"broken")
    done = startlab("report", "run", "--json", "-")
    assert json.loads(done.out)["damaged_lines"] == 1
    assert "line of the journal (4) could not be read" in done.err
    assert "has not ended" in done.err


def test_a_damaged_run_is_reported_with_what_could_not_be_read(startlab: Any) -> None:
    path = write("run", PLAN, trial())
    data = (path / journal.NAME).read_bytes()
    (path / journal.NAME).write_bytes(data[:-10])
    done = startlab("report", "run")
    assert done.status == 0
    assert "MISSING" in done.out
    assert "could not be read" in done.out


def test_a_newer_run_is_reported_as_far_as_it_is_understood(startlab: Any) -> None:
    write("run", PLAN, trial(), END, schema_version=9, startlab="9.0")
    done = startlab("report", "run")
    assert done.status == 0
    assert "was written by startlab 9.0, which is newer than this one" in done.out
    for command in (["merge", "run", "-o", "out"], ["diff", "run", "run"]):
        refused = startlab(*command)
        assert refused.status == 2
        assert "read it with that version" in refused.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["report", "nowhere"], "nowhere is not a run"),
        (["report", "notes"], "notes is not the journal of a run"),
        (["report", "empty"], "empty is empty: the run was killed"),
        (
            ["report", "run", "--html", "no/where"],
            "where cannot be written: No such file",
        ),
        (["report"], "is not a run"),
        (["merge", "run", "nowhere", "-o", "out"], "nowhere is not there"),
        (["merge", "notes", "-o", "out"], "None of the runs can be read"),
        (["merge", "-o", "out"], "Missing argument 'RUN...'"),
        (["merge", "run"], "Missing option '--out'"),
        (["merge", "run", "-o", "run"], "holds a run already"),
        (["merge", "run", "-o", "out", "--plan", "notes"], "notes is not a plan"),
        (["merge", "run", "other", "-o", "out"], "different versions of the catalogue"),
        (["diff", "run", "nowhere"], "nowhere is not a run"),
        (["diff", "run", "run", "--match", "x"], "it must be OLD=NEW"),
        (["diff", "run", "run", "--match", "x=y"], "no environment x in run run. There are: host"),
    ],
)
def test_bad_input_is_exit_status_2_and_says_why(
    startlab: Any, arguments: list[str], says: str
) -> None:
    write("run", PLAN, trial())
    write("other", PLAN, trial(), catalogue="c2")
    Path("notes").write_text("Dear diary\n", "utf-8")
    Path("empty").touch()
    done = startlab(*arguments)
    assert done.status == 2
    assert says in " ".join(done.err.split())
    assert "Traceback" not in done.err
    assert not Path("out").exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_run_that_may_not_be_read_is_an_error(startlab: Any) -> None:
    path = write("run", PLAN) / journal.NAME
    path.chmod(0)
    assert "Permission denied" in startlab("report", "run").err


# --- merge -------------------------------------------------------------------------------------


def test_runs_become_one_with_every_report(startlab: Any) -> None:
    write("one", PLAN, trial(), END)
    write("two", PLAN, trial("hang"), END)
    done = startlab("merge", "one", "two", "-o", "out")
    assert done.status == 0, done.err
    assert "The run is in out." in done.out
    assert len(journal.read(Path("out")).trials) == 2
    names = {path.name for path in Path("out").iterdir()}
    assert names == {"journal.jsonl", "report.html", "summary.md", "junit.xml"}


def test_a_cell_of_the_plan_that_no_run_brought_is_red(startlab: Any) -> None:
    write("one", PLAN, trial(), END)
    absent = Cell(experiment="lock", environment="macos-3.14", method="spawn")
    Path("plan.json").write_bytes(msgspec.json.encode({"cells": [CELL, absent]}))
    done = startlab("merge", "one", "-o", "out", "--plan", "plan.json")
    assert done.status == 1
    assert "lock × macos-3.14 × spawn: missing" in done.out


def test_a_run_that_cannot_be_read_is_red(startlab: Any) -> None:
    write("one", PLAN, trial(), END)
    Path("empty").mkdir()
    done = startlab("merge", "one", "empty", "-o", "out")
    assert done.status == 1
    assert "A run was skipped: empty is not a run" in done.out


# --- diff --------------------------------------------------------------------------------------


def test_a_diff_says_what_changed_and_exits_by_it(startlab: Any) -> None:
    write("good", PLAN, trial(), END)
    write("bad", PLAN, trial("hang", as_expected=False), END)
    done = startlab("diff", "good", "bad")
    assert done.status == 1
    assert "lock × fork: was ok, now hangs: host-3.13" in done.out
    assert "0 cells unchanged, 1 worse" in done.out
    back = startlab("diff", "bad", "good")
    assert back.status == 0
    assert "hung, now ok" in back.out
    as_json = startlab("diff", "good", "bad", "--json")
    assert as_json.status == 1
    (change,) = json.loads(as_json.out)["changes"]
    assert (change["kind"], change["said"]) == ("worse", "was ok, now hangs")


# --- real runs ---------------------------------------------------------------------------------


@pytest.mark.targets
@pytest.mark.native
@pytest.mark.wide
def test_shards_of_one_plan_merge_to_the_whole(startlab: Any) -> None:
    own = f"host-{os.sys.version_info[0]}.{os.sys.version_info[1]}"  # type: ignore[attr-defined]
    lab = ["lab", "--backend", "native", "-e", own, "-x", "countdown", "-x", "unpicklable*"]
    for number in (1, 2, 3):
        assert startlab(*lab, "--shard", f"{number}/3", "--out", f"shard{number}").status in (0, 3)
    shards = [f"shard{number}" for number in (1, 2, 3)]
    assert startlab("merge", *shards, "-o", "merged").status == 0
    assert startlab(*lab, "--out", "whole").status == 0
    merged, whole = journal.read(Path("merged")), journal.read(Path("whole"))
    assert set(merged.planned) == set(whole.planned)
    assert merged.missing == ()
    assert merged.caveats == ()
    assert len(merged.trials) == len(whole.trials)
    assert startlab("diff", "whole", "merged").status == 0

    done = startlab("merge", "shard1", "shard3", "-o", "without")
    assert done.status == 1
    assert "missing are 2/3" in done.out
    lost = set(journal.read(Path("shard2")).planned)
    assert set(journal.read(Path("without")).missing) == lost

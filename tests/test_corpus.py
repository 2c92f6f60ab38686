"""The corpus: realistic programs, and what they truly do on several Pythons under each method.

It lies beside the project, in ../shared/corpus: `programs`, and `truth.json` with the outcome of
every cell. A `wrong-output` of the truth is an output unlike that of the cells that are ok.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import startlab
from startlab.backends import interpreters
from startlab.backends.docker.engine import connect
from startlab.diagnosis import diagnose
from startlab.errors import EngineError

if TYPE_CHECKING:
    from startlab.model import Run, Trial

pytestmark = pytest.mark.targets

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
if not CORPUS.is_dir():
    pytest.skip("there is no corpus beside the project", allow_module_level=True)
if sys.platform != "linux":
    pytest.skip("the truth is that of Linux", allow_module_level=True)

TRUTH: dict[str, Any] = json.loads((CORPUS / "truth.json").read_text("utf-8"))
DOCKER = {"3.13.15": "linux-3.13", "3.14.8": "linux-3.14", "3.15.0": "linux-3.15"}

CAUSE = {
    "no-guard": "unguarded_main",
    "fork-thread": "thread_gone_at_fork",
    "queue-join": "join_before_drain",
    "race": "lost_update",
    "global-shared": "shared_made_again",
    "atexit": "exit_handler_again",
    "fork-native-abort": "native_after_fork",
    "pickle-lock": "unpicklable",
}
"""What the first finding must name, by the truth's kind of program."""

FEW = ("event_relay", "export_rows", "word_count")
"""Two that hang, and one that is healthy: the others are `wide`."""

LINES = {
    "divisors": (10, 11),
    "event_relay": (25,),
    "export_rows": (15,),
    "hit_counter": (6,),
    "model_server": (4,),
    "objcache_build": (11,),
    "sensor_hub": (16, 24),
    "site_crawler": (36,),
    "vote_tally": (3, 4),
}


def run(name: str, tmp_path: Path, where: list[str], backend: Any, trials: int) -> Run:
    program = tmp_path / "program"
    program.mkdir()
    shutil.copy(CORPUS / "programs" / f"{name}.py", program)
    stdin = None
    if TRUTH[name]["stdin"] is not None:
        stdin = tmp_path / "stdin"
        stdin.write_text(TRUTH[name]["stdin"], "utf-8")
    return startlab.run(
        program / f"{name}.py",
        environments=where,
        backend=backend,
        trials=trials,
        jobs=2,
        stdin=stdin,
        explain="off",
        folder=tmp_path / "run",
        building={"bases": os.environ.get("STARTLAB_BASES", "auto")},
    )


def seen(trial: Trial, name: str) -> str:
    """Name what came out in the truth's words."""
    if trial.outcome not in ("ok", "differs"):
        return trial.outcome
    right = TRUTH[name]["expected_stdout"].splitlines()
    return "ok" if sorted(trial.stdout.splitlines()) == sorted(right) else "wrong-output"


def check(name: str, seen_run: Run) -> None:
    pythons = {
        each.name: each.environment.python for each in seen_run.environments if each.environment
    }
    kind = TRUTH[name]["kind"]
    judged: list[tuple[Trial, str]] = []
    for trial in seen_run.trials:
        truth = TRUTH[name]["python"].get(pythons[trial.environment])
        if truth is None:
            continue  # a patch level that the truth does not have
        cell = truth[trial.method]
        judged.append((trial, seen(trial, name)))
        # A race may go well once: five times of five say that it hardly does.
        allowed = {*cell["counts"], "ok"} if kind == "race" else {*cell["counts"]}
        assert judged[-1][1] in allowed, (trial.cell, trial.reason, cell)
    assert judged
    right = {trial.output_group for trial, each in judged if each == "ok"}
    other = {trial.output_group for trial, each in judged if each == "wrong-output"}
    assert not right & other
    assert len(right) <= 1
    found = [each for each in diagnose(seen_run).findings if not each.note]
    answer = diagnose(seen_run).answer or ""
    if kind.startswith("ok"):
        assert found == []
        assert answer.startswith("Safe under every start method on Python 3.")
        return
    assert {each.mechanism for each in found} == {CAUSE[kind]}, found
    assert found[0].where in {f"{name}.py:{line}" for line in LINES[name]}
    explained = {each.cell for finding in found for each in finding.cells}
    unlike = {trial.cell for trial, each in judged if each != "ok"}
    if kind == "race":
        assert unlike
    assert unlike <= explained
    assert not answer.startswith("Safe")


@pytest.mark.native
@pytest.mark.parametrize(
    "name", [pytest.param(e, marks=[pytest.mark.wide] * (e not in FEW)) for e in TRUTH]
)
def test_natively(name: str, tmp_path: Path) -> None:
    where = [
        each.name
        for each in interpreters.find()
        if each.python in TRUTH[name]["python"] and not each.free_threaded
    ]
    if not where:
        pytest.skip("no interpreter of this host is one of the truth's")
    trials = 5 if TRUTH[name]["kind"] == "race" else 1
    check(name, run(name, tmp_path, where, "native", trials))


@pytest.fixture(scope="module")
def engine() -> None:
    try:
        connect().close()
    except EngineError as error:
        if os.environ.get("STARTLAB_REQUIRE_DOCKER") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.mark.docker
@pytest.mark.wide
@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("name", list(TRUTH))
def test_in_containers(name: str, tmp_path: Path) -> None:
    trials = 5 if TRUTH[name]["kind"] == "race" else 1
    check(name, run(name, tmp_path, sorted(DOCKER.values()), "docker", trials))


@pytest.mark.wide
@pytest.mark.native
def test_a_mixed_cell_is_told_as_such(tmp_path: Path) -> None:
    """Cells of the race that were mixed in the truth print more than one thing in five trials."""
    where = [
        each.name for each in interpreters.find() if each.python in TRUTH["hit_counter"]["python"]
    ]
    if not where:
        pytest.skip("no interpreter of this host is one of the truth's")
    seen_run = run("hit_counter", tmp_path, where, "native", 5)
    groups: dict[object, set[str | None]] = {}
    for trial in seen_run.trials:
        groups.setdefault(trial.cell, set()).add(trial.output_group)
    assert max(map(len, groups.values())) > 1
    first = diagnose(seen_run).findings[0]
    assert {(each.count, each.of) for each in first.cells} == {(5, 5)}
    assert "different outputs in" in first.text

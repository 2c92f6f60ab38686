"""What findings and the answer make of many cells, from what was recorded of real programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

import startlab
from startlab.diagnosis import diagnose
from startlab.diagnosis.case import Case
from startlab.diagnosis.phrases import versions
from startlab.diagnosis.source.sources import Sources
from startlab.model import (
    Aspect,
    CauseExperiment,
    ChangedGlobal,
    Noted,
    Program,
    PythonException,
    ThreadAtFork,
    Trial,
)
from tests import record

if TYPE_CHECKING:
    from pathlib import Path

    from startlab.model import Environment, Method, PlannedEnvironment, Run

ENVIRONMENT = "host-{}.{}".format(*sys.version_info[:2])


def recorded(rule: str) -> Run:
    return record.read(record.Case(record.RULES / rule, "program"))


def answer(run: Run) -> str:
    return diagnose(run).answer


def on(run: Run, python: str) -> PlannedEnvironment:
    """Give the environment of a run as that of another Python."""
    (one,) = run.environments
    assert one.environment is not None
    return msgspec.structs.replace(
        one,
        name="host-other",
        cells=tuple(msgspec.structs.replace(each, environment="host-other") for each in one.cells),
        environment=msgspec.structs.replace(one.environment, name="host-other", python=python),
    )


def test_what_is_found_does_not_need_the_sources() -> None:
    seen = recorded("global_differs/price_list")
    assert seen.header.program is not None
    program = msgspec.structs.replace(seen.header.program, sources={})
    elsewhere = msgspec.structs.replace(
        seen, header=msgspec.structs.replace(seen.header, program=program)
    )
    (first,) = diagnose(elsewhere).findings
    assert (first.mechanism, first.code) == ("global_differs", "")
    assert "{'factor': 3, 'currency': 'USD'}" in first.text


@pytest.mark.native
@pytest.mark.skipif(sys.platform == "win32", reason="it takes fork")
def test_an_expected_output_makes_the_others_wrong(tmp_path: Path) -> None:
    wanted = tmp_path / "wanted"
    wanted.write_text("rye: 18 USD\ntea: 12 USD\njam: 15 USD\n")
    case = record.Case(record.RULES / "global_differs/price_list", "program")
    (tmp_path / "prices.py").write_text(case.program.read_text("utf-8"))
    seen = startlab.run(
        tmp_path / "prices.py", environments=[ENVIRONMENT], backend="native", trials=1,
        methods=["fork", "spawn"], expect_stdout=wanted, explain="off", folder=tmp_path / "run",
    )  # fmt: skip
    assert [trial.outcome for trial in sorted(seen.trials, key=lambda t: t.method)] == [
        "ok", "wrong",
    ]  # fmt: skip
    found = diagnose(seen)
    (first,) = found.findings
    assert (first.mechanism, first.outcome) == ("global_differs", "wrong")
    assert found.answer == "Breaks under spawn, not fork; fix prices.py:15 or set fork explicitly."


def test_a_run_of_the_catalogue_has_no_findings() -> None:
    seen = recorded("pinned")
    header = msgspec.structs.replace(seen.header, program=None)
    assert diagnose(msgspec.structs.replace(seen, header=header)) == ((), "", None, ())


def test_versions_are_told_as_ranges_without_gaps(environment: Environment) -> None:
    every = {
        name: msgspec.structs.replace(environment, python=python)
        for name, python in [("a", "3.9.18"), ("b", "3.12.1"), ("c", "3.13.15"), ("d", "3.15.0")]
    }
    assert versions(every, ["a", "b", "c"]) == "3.9.18 to 3.13.15"
    assert versions(every, ["a", "c", "d"]) == "3.9.18, 3.13.15 and 3.15.0"
    assert versions(every, ["d"]) == "3.15.0"


def test_free_threaded_builds_are_versions_of_their_own(environment: Environment) -> None:
    threaded = msgspec.structs.replace(environment, python="3.13.15", free_threaded=True)
    every = {
        "threaded": threaded,
        **{
            python: msgspec.structs.replace(environment, python=python)
            for python in ("3.12.1", "3.13.15", "3.14.2")
        },
    }
    assert versions(every, ["threaded"], exact=False) == "3.13t"
    assert versions(every, every, exact=False) == "3.12 to 3.14 and 3.13t"
    assert versions(every, ["3.12.1", "3.13.15"]) == "3.12.1 and 3.13.15"


def test_an_output_that_depends_on_the_python_is_no_matter_of_the_method() -> None:
    seen = recorded("pinned")
    trials = [
        msgspec.structs.replace(
            trial, environment="host-other", stdout="else\n", stdout_digest="x", stdout_shape="x"
        )
        for trial in seen.trials
    ]
    both = msgspec.structs.replace(
        seen,
        environments=(*seen.environments, on(seen, "3.99.1")),
        trials=(*seen.trials, *trials),
    )
    first = diagnose(both).findings[0]
    assert (first.mechanism, first.outcome) == ("output_by_python", "ok")
    assert {each.cell.environment for each in first.cells} == {"host-other"}
    assert "depends on the Python" in answer(both)


def test_what_spawn_on_linux_cannot_tell_is_said_unless_it_was_tried() -> None:
    said = diagnose(recorded("pinned")).beyond
    assert said is not None
    assert "Windows and macOS" in said or "Windows, macOS" in said
    assert "Python 3.14" in said
    assert len(said) <= 80


def test_a_method_that_only_got_so_far_is_not_one_that_the_program_chose() -> None:
    seen = recorded("exit_status")
    one, *others = seen.trials
    started = msgspec.structs.replace(one, method_used=(one.method,))
    seen = msgspec.structs.replace(seen, trials=(started, *others))
    assert answer(seen).startswith("Ends the same way under every start method")
    other: Method = "forkserver"
    chosen = msgspec.structs.replace(one, method_used=(other,))
    seen = msgspec.structs.replace(seen, trials=(chosen, *others))
    assert answer(seen).startswith("Breaks under forkserver, which the program itself chooses")


def test_what_a_newer_python_does_not_show_is_not_foretold() -> None:
    seen = recorded("global_differs/token_pool")
    assert "3.14" not in answer(seen)  # it was not run
    good = next(trial for trial in seen.trials if trial.outcome == "ok")
    trials = [
        msgspec.structs.replace(
            good, environment="host-other", method=trial.method, method_used=trial.method_used
        )
        for trial in seen.trials
    ]
    both = msgspec.structs.replace(
        seen,
        environments=(*seen.environments, on(seen, "3.13.0")),
        trials=(*seen.trials, *trials),
    )
    assert "3.14" not in answer(both)
    assert "on Python 3.11," in answer(both)


def test_clues_are_told_once_and_not_at_lines_of_no_file() -> None:
    trial = Trial(
        experiment="p.py", environment="e", method="spawn", trial=1, outcome="ok", reason="",
        as_expected=True, expected=("ok",),
        clues=(
            ThreadAtFork(name="Thread-1", where="<string>:2"),
            ChangedGlobal(name="pricing.current", parent="1", child="2"),
            ChangedGlobal(name="settings.current", parent="1", child="2"),
            ChangedGlobal(name="settings.other", parent="1", child="2"),
        ),
        exception=PythonException(type="__main__.BadRow", message="x"),
    )  # fmt: skip
    program = Program(
        kind="script", name="p.py", target="p.py", root="/nowhere",
        sources={"settings.py": "def load(n):\n    setattr(current, 'n', n)\n"},
    )  # fmt: skip
    case = Case(trial, Sources(program))
    assert [clue.where for clue in case.clues(ThreadAtFork)] == [None]
    assert [clue.name for clue in case.clues(ChangedGlobal)] == [
        "settings.current",
        "settings.other",
    ]
    assert case.trial.exception == PythonException(type="BadRow", message="x")


def experiment_on(method: Method, name: str, *, cured: int) -> CauseExperiment:
    aspects = (Aspect(kind="global", words=(name,)), Aspect(kind="calls"))
    return CauseExperiment(
        environment="host-3.11", method=method, good="fork", cured=cured, of=3,
        aspects=aspects if cured < 3 else aspects[:1], confirmed=cured == 3,
    )  # fmt: skip


def test_a_cell_whose_trials_are_alike_by_chance_has_the_cause_of_one_that_varies() -> None:
    seen = recorded("global_differs/price_list")
    (varies,) = (trial for trial in seen.trials if trial.method == "forkserver")
    again = msgspec.structs.replace(
        varies, trial=1, stdout="never the same\n", stdout_digest="f" * 16, stdout_shape="f" * 16
    )
    methods: tuple[Method, ...] = ("forkserver", "spawn")
    seen = msgspec.structs.replace(
        seen,
        trials=(*seen.trials, again),
        experiments=tuple(experiment_on(each, "SETTINGS", cured=3) for each in methods),
    )
    (first,) = diagnose(seen).findings
    assert first.grade == "confirmed"
    assert {each.cell.method for each in first.cells} == {"forkserver", "spawn"}
    assert "Tried: makes forkserver and spawn on 3.11 print what fork prints." in first.advice


def test_of_calls_that_help_together_none_is_named_alone() -> None:
    seen = recorded("global_differs/price_list")
    calls = [Noted(what="call", name=f"{name}()", where="program.py:1") for name in ("put", "get")]
    made = CauseExperiment(
        environment="host-3.11", method="spawn", good="fork", cured=3, of=3, confirmed=True,
        aspects=(Aspect(kind="calls"),), noted=tuple(calls),
    )  # fmt: skip
    first, *_ = diagnose(msgspec.structs.replace(seen, experiments=(made,))).findings
    assert "`put()` and `get()`" in first.title


def test_a_cause_that_was_confirmed_on_one_python_is_told_as_that() -> None:
    seen = recorded("lock_held_at_fork/row_store")
    elsewhere = [msgspec.structs.replace(e, environment="host-other") for e in seen.trials]
    made = CauseExperiment(
        environment="host-other", method="fork", good="spawn", cured=3, of=3, confirmed=True,
        aspects=(Aspect(kind="threads"),),
    )  # fmt: skip
    seen = msgspec.structs.replace(
        seen,
        environments=(*seen.environments, on(seen, "3.99.1")),
        trials=(*seen.trials, *elsewhere),
        experiments=(made,),
    )
    (first,) = diagnose(seen).findings
    assert (first.mechanism, first.grade) == ("thread_gone_at_fork", "confirmed")
    assert {each.cell.environment for each in first.cells} == {"host-3.11", "host-other"}


def test_what_is_raised_where_another_method_works_is_no_cause_once_it_was_looked_for() -> None:
    seen = recorded("exception")
    trials = [
        msgspec.structs.replace(
            each, outcome="ok", exception=None, exit_status=0, stderr="", reason="", where=None
        )
        if each.method == "fork"
        else each
        for each in seen.trials
    ]
    seen = msgspec.structs.replace(seen, trials=tuple(trials))
    (first,) = diagnose(seen).findings
    assert (first.mechanism, first.grade) == ("exception", "shown")
    vain = experiment_on("spawn", "ROWS", cured=0)
    found = diagnose(msgspec.structs.replace(seen, experiments=(vain,)))
    (first,) = found.findings
    assert (first.mechanism, first.grade) == ("exception", "unknown")
    assert first.text.endswith("By experiment it is none of these: `ROWS` and calls.")
    assert "fix" not in found.answer


def test_a_global_that_experiments_have_ruled_out_is_not_suspected() -> None:
    seen = recorded("global_differs/price_list")
    methods: tuple[Method, ...] = ("forkserver", "spawn")
    vain = tuple(experiment_on(each, "SETTINGS", cured=0) for each in methods)
    (first,) = diagnose(msgspec.structs.replace(seen, experiments=vain)).findings
    assert (first.mechanism, first.grade) == ("output_differs", "unknown")
    over = tuple(msgspec.structs.replace(each, of=0) for each in vain)  # there was no more time
    (first,) = diagnose(msgspec.structs.replace(seen, experiments=over)).findings
    assert (first.mechanism, first.grade) == ("global_differs", "suspected")


@pytest.mark.parametrize("outputs", [("False 3", "False 5"), ("False 3", "False 3")])
def test_what_a_rule_saw_of_a_library_goes_before_the_line_that_an_experiment_found(
    outputs: tuple[str, str],
) -> None:
    """That children forked earlier print the right lines names no library."""
    seen = recorded("connection_shared")
    (failed,) = (trial for trial in seen.trials if trial.method == "fork")
    fork = [
        msgspec.structs.replace(
            failed, trial=number, outcome="differs", exception=None, exit_status=0, stderr="",
            stdout=f"{text}\\n", stdout_digest=text, stdout_shape=text,
        )
        for number, text in enumerate(outputs)
    ]  # fmt: skip
    others = [
        msgspec.structs.replace(trial, outcome="differs")
        for trial in seen.trials
        if trial is not failed
    ]
    earlier = CauseExperiment(
        environment=failed.environment, method="fork", good="spawn", cured=3, of=3, confirmed=True,
        aspects=(Aspect(kind="earlier", words=("program.py:34",)),),
    )  # fmt: skip
    seen = msgspec.structs.replace(seen, trials=(*fork, *others), experiments=(earlier,))
    first = diagnose(seen).findings[0]
    assert (first.mechanism, first.grade) == ("connection_shared", "confirmed")
    assert "requests" in first.title

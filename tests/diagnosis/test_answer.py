"""The last line of a report, from runs written by hand."""

from __future__ import annotations

import itertools
from operator import itemgetter
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from startlab.diagnosis import diagnose
from startlab.diagnosis.answer import LONGEST, beyond
from startlab.model import (
    START_METHODS,
    Cell,
    Environment,
    Outcome,
    PlannedEnvironment,
    Program,
    Run,
    RunHeader,
    Selection,
    StartMethod,
    ThreadAtFork,
    Trial,
)

PROGRAM = Program(
    kind="script", name="p.py", target="p.py", root="/nowhere", sources={"p.py": "work()\n"}
)
HEADER = RunHeader(
    id="1", schema_version=1, startlab="1", catalogue="1", started="now", backend="native",
    selection=Selection(), program=PROGRAM,
)  # fmt: skip
LINUX = Environment(
    name="", backend="native", python="", implementation="cpython", executable="/python",
    sys_platform="linux", os_name="posix", platform_system="Linux", platform_release="6",
    platform_version="1", machine="x86_64", libc="glibc 2", methods=START_METHODS,
    default_method="fork",
)  # fmt: skip

Cells = dict[tuple[str, StartMethod], tuple[Outcome, str]]
"""Python and method → outcome and output."""


def run_of(cells: Cells, **said: Any) -> Run:
    trials = [
        Trial(
            experiment="p.py", environment=python, method=method, trial=0, outcome=outcome,
            reason=outcome, as_expected=outcome == "ok", expected=("ok",), program="p.py",
            method_used=(method,), where=None if outcome == "ok" else "p.py:1", stdout=output,
            stdout_digest=output, stdout_shape=output,
        )
        for (python, method), (outcome, output) in cells.items()
    ]  # fmt: skip
    environments = tuple(
        PlannedEnvironment(
            name=python,
            cells=tuple(Cell(experiment="p.py", environment=python, method=m) for _, m in group),
            environment=msgspec.structs.replace(LINUX, name=python, python=python),
        )
        for python, group in itertools.groupby(cells, key=itemgetter(0))
    )
    return msgspec.structs.replace(
        Run(header=HEADER, environments=environments, trials=tuple(trials), ends=()), **said
    )


def answer(run: Run) -> str:
    return diagnose(run).answer


def on(python: str, **outcomes: Outcome | Literal["1", "2"]) -> Cells:
    """Make the cells of one Python; what is no outcome is the output of a trial that is ok."""
    cells: Cells = {}
    for method in START_METHODS:
        said = outcomes.get(method)
        if said == "1" or said == "2":  # noqa: PLR1714 - what mypy narrows
            cells[python, method] = ("ok", said)
        elif said is not None:
            cells[python, method] = (said, "")
    return cells


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (on("3.13.0", fork="1", forkserver="1", spawn="1"),
         "Safe under every start method on Python 3.13."),
        (on("3.13.0", fork="1"),
         "Safe under fork on Python 3.13; forkserver and spawn were not tried."),
        (on("3.13.0", fork="hang", forkserver="1", spawn="1"),
         ("Breaks under fork, not forkserver or spawn; fix p.py:1, "
          "or set forkserver or spawn explicitly.")),
        (on("3.13.0", fork="1", forkserver="hang", spawn="hang"),
         "Breaks under forkserver and spawn, not fork; fix p.py:1 or set fork explicitly."),
        (on("3.14.0", fork="1", forkserver="hang"),
         "Breaks under forkserver (3.14's default), not fork; fix p.py:1 or set fork explicitly."),
        (on("3.13.0", fork="hang", forkserver="hang", spawn="hang"),
         "Breaks under every start method: fix the program, not the start method."),
        (on("3.13.0", fork="hang"),
         "Breaks under fork; forkserver and spawn were not tried; fix p.py:1."),
        (on("3.12.1", fork="1", spawn="1") | on("3.13.0", fork="1", spawn="hang"),
         "Breaks under spawn on Python 3.13, not fork; fix p.py:1 or set fork explicitly."),
        (on("3.12.1", fork="1") | on("3.13.0", fork="hang"),
         "Breaks under fork on Python 3.13; fix p.py:1; forkserver and spawn were not tried."),
        (on("3.13.0", fork="1", spawn="2"),
         "Output depends on the start method; startlab cannot tell why, or which is right."),
        (on("3.13.0", fork="undecided"),
         "Undecided: the machine was too busy. Run it again, or with --timeout SECONDS."),
        (on("3.12.1", fork="1", spawn="1") | on("3.13.0", fork="2", spawn="2"),
         "Safe under fork and spawn; forkserver was not tried; its output depends on the Python."),
        ({}, "Nothing could be run."),
    ],
)  # fmt: skip
def test_it_answers_where_it_breaks_and_what_to_do(cells: Cells, said: str) -> None:
    assert answer(run_of(cells)) == said


def test_a_default_that_is_safe_and_stays_so_is_kept() -> None:
    run = run_of(on("3.14.0", fork="hang", forkserver="1", spawn="1"))
    (there,) = run.environments
    assert there.environment is not None
    newer = msgspec.structs.replace(there.environment, default_method="forkserver")
    there = msgspec.structs.replace(there, environment=newer)
    assert answer(msgspec.structs.replace(run, environments=(there,))) == (
        "Breaks under fork, not forkserver or spawn; fix p.py:1 or keep the default, forkserver."
    )


def test_an_exit_status_that_is_the_same_everywhere_is_held_against_no_method() -> None:
    run = run_of(on("3.13.0", fork="error", forkserver="error", spawn="error"))
    same = [msgspec.structs.replace(each, exit_status=3, stdout="3 of 9") for each in run.trials]
    assert answer(msgspec.structs.replace(run, trials=tuple(same))) == (
        "Ends the same way under every start method: with a failing exit status of its own."
    )
    other = msgspec.structs.replace(same[0], outcome="ok", exit_status=0)
    assert answer(msgspec.structs.replace(run, trials=(other, *same[1:]))) == (
        "Breaks under forkserver and spawn, not fork; fix p.py:1 or set fork explicitly."
    )


def test_what_is_missing_is_told_however_long_the_answer_is() -> None:
    run = run_of(on("3.14.0", fork="1", forkserver="hang", spawn="hang"))
    other = PlannedEnvironment(
        name="3.9.1", cells=(Cell(experiment="p.py", environment="3.9.1", method="fork"),)
    )
    said = answer(msgspec.structs.replace(run, environments=(*run.environments, other)))
    assert said.endswith("; 1 cell is missing.")
    assert len(said) <= LONGEST


def test_a_program_is_not_called_safe_where_it_could_not_be_run() -> None:
    said = answer(run_of(on("3.12.0", fork="ok", forkserver="unavailable", spawn="unavailable")))
    assert said.endswith("; 2 cells could not be run.")


def test_fork_is_not_recommended_to_a_program_that_forks_beside_threads() -> None:
    run = run_of(on("3.13.0", fork="1", spawn="hang"))
    forked, *others = run.trials
    clue = ThreadAtFork(name="Thread-1", where="p.py:1")
    forked = msgspec.structs.replace(forked, clues=(clue,))
    said = answer(msgspec.structs.replace(run, trials=(forked, *others)))
    assert said == "Breaks under spawn, not fork; fix p.py:1."


def windows(wine: str = "") -> Environment:
    return msgspec.structs.replace(
        LINUX, name="3.12.10", python="3.12.10", sys_platform="win32", methods=("spawn",), wine=wine
    )


def with_windows(stderr: str, there: Environment, cells: Cells | None = None) -> Run:
    """Make a run in which spawn fails on Windows, beside others."""
    run = run_of((cells or {}) | on("3.12.10", spawn="error"))
    return msgspec.structs.replace(
        run,
        environments=(
            *run.environments[:-1],
            msgspec.structs.replace(run.environments[-1], environment=there),
        ),
        trials=(*run.trials[:-1], msgspec.structs.replace(run.trials[-1], stderr=stderr)),
    )


UNDER_WINE = "Windows (seen under Wine)"
NO_FORK = """Traceback (most recent call last):
  File "p.py", line 1, in <module>
    os.fork()
AttributeError: module 'os' has no attribute 'fork'
"""
OTHER = NO_FORK.replace("module 'os' has no attribute 'fork'", "no such thing")


@pytest.mark.parametrize(
    ("stderr", "wine", "cells", "said"),
    [
        (NO_FORK, "8.0", {}, f"Breaks on {UNDER_WINE}; fix 1 place."),
        (NO_FORK, "", {}, "Breaks on Windows; fix 1 place."),
        (NO_FORK, "8.0", on("3.13.0", fork="1", forkserver="1", spawn="1"),
         f"Safe under every start method on Linux; breaks on {UNDER_WINE}; fix 1 place."),
        (NO_FORK, "8.0", on("3.13.0", fork="1", forkserver="1", spawn="hang"),
         f"Breaks under spawn; fix p.py:1, or set fork or forkserver; breaks on {UNDER_WINE}."),
        (OTHER, "8.0", on("3.12.1", fork="1", forkserver="1", spawn="1"),
         f"Breaks under spawn on {UNDER_WINE}; fix p.py:1, or set fork or forkserver explicitly."),
    ],
)  # fmt: skip
def test_what_breaks_on_a_platform_is_not_called_safe_there(
    stderr: str, wine: str, cells: Cells, said: str
) -> None:
    """Nor is a start method blamed for what no start method would change."""
    run = with_windows(stderr, windows(wine), cells)
    assert answer(run) == said
    assert len(said) <= LONGEST


OUTCOMES: tuple[Outcome, ...] = ("ok", "ok", "ok", "hang", "crash", "undecided")
PYTHONS = ("2.7.18", "3.6.15", "3.9.18", "3.12.1", "3.13.0", "3.14.0", "3.15.0")


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(PYTHONS), st.sampled_from(START_METHODS)),
        st.tuples(
            st.sampled_from(OUTCOMES),
            st.sampled_from(["1", "2"]),
        ),
        min_size=1,
    ),
    st.sampled_from([0, 1, 123]),
)
def test_it_is_one_short_line_about_what_was_run(cells: Cells, missing: int) -> None:
    run = run_of(dict(sorted(cells.items())))
    lost = tuple(Cell(experiment=str(n), environment="lost", method="fork") for n in range(missing))
    environments = (*run.environments, PlannedEnvironment(name="lost", cells=lost))
    run = msgspec.structs.replace(run, environments=environments)
    found, said, *_ = diagnose(run)
    assert "\n" not in said
    assert len(said) <= LONGEST
    assert said.endswith(".")
    ran = {python.rpartition(".")[0] for python, _ in cells}
    assert ("3.14" in said) <= bool(ran & {"3.14", "3.15"})
    tried = {method for _, method in cells}
    assert ("every start method" in said) <= (tried == set(START_METHODS))
    assert ("missing" in said) is (missing > 0)
    assert not any(each.title in said for each in found)


@pytest.mark.parametrize(
    ("pythons", "said"),
    [
        (["3.13.0"], "Not tried: Windows, macOS and Python 3.14 (default on Linux: forkserver)."),
        (["3.13.0", "3.15.0"], "Not tried: Windows and macOS."),
    ],
)
def test_what_was_not_tried_is_one_short_line(pythons: list[str], said: str) -> None:
    run = run_of({(python, "fork"): ("ok", "") for python in pythons})
    assert beyond(run) == said
    assert len(said) <= 80


def test_where_there_is_docker_what_comes_near_windows_is_named() -> None:
    run = run_of({("3.14.0", "spawn"): ("ok", "")})
    (planned,) = run.environments
    there = planned.environment
    assert there is not None

    def where(**facts: object) -> str | None:
        environment = msgspec.structs.replace(there, **facts)
        seen = msgspec.structs.replace(planned, environment=environment)
        return beyond(msgspec.structs.replace(run, environments=(seen,)))

    docker = where(backend="docker", sys_platform="linux")
    assert docker == "Not tried: Windows (--env wine-3.12 comes close) and macOS."
    wine = where(backend="docker", sys_platform="win32", wine="8.0")
    assert wine == "Not tried: Linux, Windows itself and macOS."


def test_where_every_platform_was_run_nothing_is_said_of_others() -> None:
    run = run_of({(python, "spawn"): ("ok", "") for python in ("3.14.0", "3.14.1", "3.14.2")})
    environments = [
        msgspec.structs.replace(
            each, environment=msgspec.structs.replace(each.environment, sys_platform=platform)
        )
        for each, platform in zip(run.environments, ("linux", "win32", "darwin"), strict=True)
        if each.environment is not None
    ]
    assert beyond(msgspec.structs.replace(run, environments=tuple(environments))) is None


def suite_of(tests: dict[str, dict[StartMethod, Outcome]]) -> Run:
    """Make a run of a suite: what each test came to under each start method, on one Python."""
    runs = [run_of({("3.14.0", m): (o, "") for m, o in each.items()}) for each in tests.values()]
    trials = [
        msgspec.structs.replace(trial, experiment=test, where=f"{test}:1" if trial.where else None)
        for test, run in zip(tests, runs, strict=True)
        for trial in run.trials
    ]
    planned = msgspec.structs.replace(
        runs[0].environments[0], cells=tuple(trial.cell for trial in trials)
    )
    program = msgspec.structs.replace(PROGRAM, kind="module", name="pytest", target="pytest")
    header = msgspec.structs.replace(HEADER, program=program)
    return Run(header=header, environments=(planned,), trials=tuple(trials), ends=())


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ({"a.py": {"fork": "ok", "forkserver": "error", "spawn": "error"},
          "b.py": {"fork": "error", "forkserver": "error", "spawn": "error"},
          "c.py": {"fork": "ok", "forkserver": "ok", "spawn": "ok"}},
         "1 of 3 tests breaks under forkserver and spawn, not fork; 1 more fails wherever it ran."),
        ({"a.py": {"fork": "ok", "forkserver": "error", "spawn": "ok"},
          "c.py": {"fork": "ok", "forkserver": "ok", "spawn": "ok"}},
         "1 of 2 tests breaks under forkserver (3.14's default), not fork or spawn; fix 1 place."),
        ({"a.py": {"fork": "ok", "forkserver": "ok", "spawn": "error"},
          "b.py": {"fork": "ok", "forkserver": "error", "spawn": "error"}},
         ("2 of 2 tests break under spawn, 1 under forkserver, not fork; "
         "fix 2 places or set fork explicitly.")),
        ({"a.py": {"fork": "error", "forkserver": "error", "spawn": "error"},
          "c.py": {"fork": "ok", "forkserver": "ok", "spawn": "ok"}},
         "1 of 2 tests fails wherever it ran; fix a.py:1."),
        ({"a.py": {"fork": "ok", "forkserver": "ok", "spawn": "ok"}, "b.py": {"fork": "error"}},
         "1 of 2 tests fails wherever it ran; fix b.py:1."),
        ({"a.py": {"fork": "ok", "forkserver": "ok", "spawn": "error"}, "b.py": {"fork": "error"}},
         ("1 of 2 tests breaks under spawn, not fork or forkserver; 1 more fails wherever it ran; "
          "fix 2 places.")),
        ({"a.py": {"fork": "ok", "forkserver": "ok", "spawn": "ok"},
          "b.py": {"fork": "ok"},
          "c.py": {"fork": "ok"}},
         ("1 of 3 tests is safe under every start method on Python 3.14; "
          "the others ran under fewer.")),
        ({"a.py": {"fork": "ok", "spawn": "ok"}, "b.py": {"fork": "ok"}},
         "1 of 2 tests is safe under fork and spawn on Python 3.14; the other ran under fewer."),
        ({"a.py": {"fork": "ok", "forkserver": "ok", "spawn": "ok"}},
         "Safe under every start method on Python 3.14."),
    ],
)  # fmt: skip
def test_a_suite_is_told_by_how_many_tests_break_under_each_method(
    tests: dict[str, dict[StartMethod, Outcome]], said: str
) -> None:
    assert answer(suite_of(tests)) == said
    assert len(said) <= LONGEST


def test_no_start_method_is_advised_that_breaks_another_test() -> None:
    one: dict[StartMethod, Outcome] = {"fork": "ok", "forkserver": "error", "spawn": "error"}
    other: dict[StartMethod, Outcome] = {"fork": "error", "forkserver": "ok", "spawn": "ok"}
    everywhere: dict[StartMethod, Outcome] = {"fork": "error", "forkserver": "error"}
    (finding,) = diagnose(suite_of({"a.py": one})).findings
    assert "set fork explicitly" in finding.advice.lower()
    (finding, _) = diagnose(suite_of({"a.py": one, "b.py": everywhere})).findings
    assert "set fork explicitly" in finding.advice.lower()
    for finding in diagnose(suite_of({"a.py": one, "b.py": other})).findings:
        assert "explicitly" not in finding.advice

"""The reusable workflow and the composite action, on a small project of a user."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from startlab.results import journal
from tests.workflow.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.workflow.conftest import Done, Repository

pytestmark = [pytest.mark.workflow, pytest.mark.native, pytest.mark.timeout(900)]

PROGRAM = """
    from multiprocessing import Process

    greeting = "hello"

    def greet(name):
        print(greeting, name)

    if __name__ == "__main__":
        {change}
        process = Process(target=greet, args=("a b",))
        process.start()
        process.join()
"""
CALLER = f"""
    on: workflow_dispatch
    jobs:
      startlab:
        uses: ./.github/workflows/run.yml
        with:
          command: "'the program.py' --fast"
          pythons: '["3.11"]'
          runners: '["ubuntu-24.04"]'
          startlab: {ROOT}
"""
USER = """
    on: workflow_dispatch
    jobs:
      startlab:
        runs-on: ubuntu-24.04
        steps:
          - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
          - uses: startlab/startlab/.github/actions/startlab@main
            with:
              command: "'the program.py' --fast"
              python: "3.11"
"""


@pytest.fixture
def foreign(repository: Callable[..., Repository]) -> Callable[..., Repository]:
    """Make a user's project, whose program may have a bug under spawn."""

    def make(workflow: str, change: str = "pass") -> Repository:
        made = repository(".github/workflows/run.yml")
        program = textwrap.dedent(PROGRAM.format(change=change))
        (made.folder / "the program.py").write_text(program, "utf-8")
        caller = made.folder / ".github/workflows/caller.yml"
        caller.parent.mkdir(parents=True, exist_ok=True)
        caller.write_text(textwrap.dedent(workflow), "utf-8")
        return made

    return make


def trials(done: Done, artifact: str) -> dict[str, str]:
    run = journal.read(done.artifacts / artifact)
    return {trial.method: trial.outcome for trial in run.trials}


def test_the_reusable_workflow_runs_a_foreign_program(foreign: Callable[..., Repository]) -> None:
    done = foreign(CALLER).run("caller.yml")
    assert done.status == 0, done.output
    outcomes = trials(done, "startlab-report")
    assert outcomes == {"fork": "ok", "forkserver": "ok", "spawn": "ok"}


def test_the_reusable_workflow_is_red_for_a_finding(foreign: Callable[..., Repository]) -> None:
    done = foreign(CALLER, change='greeting = "good bye"').run("caller.yml")
    assert done.status != 0
    summary = (done.artifacts / "startlab-report" / "summary.md").read_text("utf-8")
    assert "good bye a b" in summary


def test_the_composite_action_runs_a_foreign_program(foreign: Callable[..., Repository]) -> None:
    made = foreign(USER)
    local = ("--local-repository", f"startlab/startlab@main={ROOT}")
    done = made.run("caller.yml", *local)
    assert done.status == 0, done.output
    outcomes = trials(done, "startlab-Linux-X64-3.11")
    assert outcomes == {"fork": "ok", "forkserver": "ok", "spawn": "ok"}

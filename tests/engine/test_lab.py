"""The engine, with a catalogue of the test's own and real agents."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from startlab import catalogue
from startlab.backends import interpreters
from startlab.backends.conversation import GRACE_S
from startlab.backends.native import NativeBackend
from startlab.engine.lab import Lab
from startlab.engine.subjects import ExperimentSubject
from startlab.errors import AgentError, EngineError
from startlab.model import (
    SCHEMA_VERSION,
    Cell,
    Environment,
    Outcome,
    PlannedEnvironment,
    Run,
    RunHeader,
    Selection,
    Trial,
    Unavailable,
)
from startlab.output import likeness
from startlab.results import journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from startlab.backends.conversation import Conversation

pytestmark = pytest.mark.native

METHODS = tuple(sorted(multiprocessing.get_all_start_methods()))
"""Those of this platform; the first is as good as any where a test needs one."""

TOML = """
group = "locks"
title = "t"
claim = "c"
mechanism = "m"
source = ["s"]
{more}
[[expect]]
outcome = ["{outcome}"]
"""


class Book:
    """A catalogue that is being written."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(self, name: str, program: str, outcome: Outcome = "ok", more: str = "") -> None:
        folder = self.root / "catalogue" / name
        folder.mkdir(parents=True)
        (folder / "program.py").write_text(textwrap.dedent(program), "utf-8")
        (folder / "experiment.toml").write_text(TOML.format(more=more, outcome=outcome), "utf-8")


class Native(NativeBackend):
    """The native backend, with the running interpreter alone and the test's catalogue."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root
        self.agents: list[Conversation] = []

    def environments(self, wanted: Sequence[str]) -> Iterator[Environment | Unavailable]:  # noqa: ARG002
        yield next(interpreters.find())

    def agent(self, environment: Environment) -> Conversation:
        agent = super().agent(environment)
        agent.content = str(self.root)
        self.agents.append(agent)
        return agent


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.began_: list[Cell] = []
        self.ended_: list[Trial] = []
        self.on_began: Callable[[Cell], None] = lambda _: None

    def say(self, text: str) -> None:
        pass

    def planned(self, environment: PlannedEnvironment, *, more: bool = False) -> None:
        pass

    def began(self, cell: Cell) -> None:
        self.began_.append(cell)
        self.on_began(cell)

    def ended(self, trial: Trial) -> None:
        self.ended_.append(trial)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


@pytest.fixture
def drive(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Run a lab of the catalogue, or what is left of it."""

    def drive(
        backend: Any = None, *, jobs: int = 2, heard: Heard | None = None, resume: bool = False,
        folder: str = "run", **said: Any,
    ) -> Run:  # fmt: skip
        backend = backend or Native(tmp_path)
        selection = Selection(**{"backend": "native", "methods": METHODS} | said)
        earlier = journal.read(tmp_path / folder).trials if resume else ()
        with journal.Journal(tmp_path / folder) as writing:
            if not resume:
                writing.write(
                    RunHeader(
                        id="x", schema_version=SCHEMA_VERSION,
                        startlab="0", catalogue="0", started="",
                        backend="native", selection=selection,
                    )
                )  # fmt: skip
            experiments = catalogue.load(tmp_path / "catalogue")
            subjects = [ExperimentSubject(each, selection) for each in experiments]
            Lab(
                subjects, backend, selection, writing, heard or Heard(), jobs=jobs, earlier=earlier
            ).run()
        return journal.read(tmp_path / folder)

    return drive


def told(run: Run) -> dict[tuple[str, str, int], tuple[str, str, bool]]:
    return {
        (t.experiment, t.method, t.trial): (t.outcome, t.reason, t.as_expected) for t in run.trials
    }


EXAMPLES: list[tuple[str, str, Outcome]] = [
    ("fine", "print('fine')", "ok"),
    ("fails", "raise KeyError('x')", "error"),
    ("dies", "import faulthandler; faulthandler._sigsegv()", "crash"),
    ("expected", "raise SystemExit(3)", "ok"),
]


def test_every_cell_is_run_once_and_what_deviates_is_reported(book: Book, drive: Any) -> None:
    for name, program, outcome in EXAMPLES:
        book.add(name, program, outcome)
    run = drive()
    assert run.missing == ()
    assert len(run.trials) == 4 * len(METHODS)
    assert told(run)["fine", METHODS[0], 0] == ("ok", "", True)
    assert told(run)["fails", "spawn", 0] == ("error", "KeyError: 'x'", True)
    dies = told(run)["dies", METHODS[0], 0]
    assert (dies[0], dies[2]) == ("crash", True)
    # By SIGSEGV, which is no signal for Windows: there faulthandler tells of it.
    assert dies[1].startswith(("the program died by SIGSEGV", "a process died: Fatal Python err"))
    assert told(run)["expected", METHODS[0], 0] == ("error", "exit status 3; expected ok", False)
    (end,) = run.ends
    assert not end.interrupted


@pytest.mark.targets
@pytest.mark.wide
def test_results_do_not_depend_on_the_number_of_jobs(book: Book, drive: Any) -> None:
    for name, program, outcome in EXAMPLES:
        book.add(name, program, outcome)
    book.add("alone", "print('alone')", more="exclusive = true")
    runs = [drive(jobs=jobs, folder=f"run{jobs}", trials=2) for jobs in (1, 2, 5)]
    assert told(runs[0]) == told(runs[1]) == told(runs[2])
    assert len(runs[0].trials) == 5 * len(METHODS) * 2


def test_what_is_exclusive_is_run_last(book: Book, drive: Any) -> None:
    book.add("aaa_alone", "pass", more="exclusive = true")
    book.add("zzz", "pass")
    heard = Heard()
    drive(heard=heard)
    names = [cell.experiment for cell in heard.began_]
    assert names == ["zzz"] * len(METHODS) + ["aaa_alone"] * len(METHODS)


@pytest.mark.targets
def test_a_shard_is_a_part_of_the_plan(book: Book, drive: Any) -> None:
    for name in ("one", "two"):
        book.add(name, "pass")
    runs = [drive(shard=(k, 4), folder=f"run{k}") for k in range(1, 5)]
    cells = [cell for run in runs for cell in run.planned]
    assert len(cells) == len(set(cells)) == 2 * len(METHODS)
    assert [run.missing for run in runs] == [()] * 4


def test_arguments_may_hold_the_method(book: Book, drive: Any) -> None:
    book.add(
        "says", "import sys; print(sys.argv[1]); sys.exit(1)", "error", 'args = ["as {method}"]'
    )
    run = drive(methods=("spawn",))
    (trial,) = run.trials
    assert trial.stdout == "as spawn\n"
    assert trial.stdout_digest == likeness.digest("as spawn\n")


def test_what_an_environment_lacks_is_reported(book: Book, drive: Any, tmp_path: Path) -> None:
    class Poor(Native):
        def environments(self, wanted: Sequence[str]) -> Iterator[Environment | Unavailable]:
            for each in super().environments(wanted):
                yield msgspec.structs.replace(each, libraries=(), methods=("fork", "spawn"))

    book.add("needs", "pass", more='requires = ["ctypes"]')
    run = drive(Poor(tmp_path), methods=("fork",))
    (trial,) = run.trials
    assert (trial.outcome, trial.as_expected) == ("unavailable", True)
    assert "needs ctypes" in trial.reason
    run = drive(Poor(tmp_path), methods=("forkserver",), folder="other")
    assert told(run)["needs", "forkserver", 0][0] == "unsupported"
    assert "has no start method forkserver; it has fork, spawn" in run.trials[0].reason


@pytest.mark.targets
def test_a_time_limit_is_the_runs_or_the_experiments(book: Book, drive: Any) -> None:
    """On a loaded machine it grows, at most sixfold."""

    def limit_s(run: Run) -> float:
        assert told(run)["slow", METHODS[0], 0][0] == "hang"
        return float(run.trials[0].reason.removeprefix("not over after ").partition(" s;")[0])

    book.add("slow", "import time; time.sleep(600)", "hang", "timeout_s = 0.1")
    assert 0.1 <= limit_s(drive(methods=METHODS[:1])) <= 0.6
    assert 0.7 <= limit_s(drive(methods=METHODS[:1], timeout_s=0.7, folder="other")) <= 4.2


def test_a_trial_whose_agent_was_killed_is_run_again_on_a_new_one(
    book: Book, drive: Any, tmp_path: Path
) -> None:
    """The program kills its agent the first time, and only then."""
    mark = tmp_path / "mark"
    book.add(
        "kills",
        f"""
        import os
        try:
            os.close(os.open({str(mark)!r}, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            print("again")
        else:
            os.kill(os.getppid(), 9)
        """,
    )
    book.add("other", "pass")
    backend = Native(tmp_path)
    run = drive(backend, jobs=1, methods=METHODS[:1])
    assert {key[0]: value[0] for key, value in told(run).items()} == {"kills": "ok", "other": "ok"}
    assert len(run.trials) == 2
    assert len(backend.agents) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps what is in use")
def test_the_place_of_its_agent_that_a_program_removes_is_missed_by_no_other(
    book: Book, drive: Any, tmp_path: Path
) -> None:
    book.add(
        "aaa_removes",
        """
        import os, shutil
        os.chdir("/")
        scratch = os.path.dirname(os.path.dirname(os.environ["STARTLAB_EVENTS"]))
        shutil.rmtree(scratch)
        open(scratch, "w").close()
        """,
    )
    book.add("other", "pass")
    backend = Native(tmp_path)
    run = drive(backend, jobs=1, methods=METHODS[:1])
    assert [each.outcome for each in run.trials if each.experiment == "other"] == ["ok"]
    assert len(backend.agents) == 2


@pytest.mark.targets
@pytest.mark.parametrize("ending", ["9", pytest.param("signal.SIGSTOP", marks=pytest.mark.wide)])
@pytest.mark.skipif(sys.platform == "win32", reason="a Unix has these signals")
def test_a_program_that_ends_or_stops_its_agents_costs_its_own_trial_alone(
    book: Book, drive: Any, tmp_path: Path, ending: str
) -> None:
    book.add(
        "aaa_hits",
        f"import os, signal, time; os.kill(os.getppid(), {ending}); time.sleep(600)",
        more="timeout_s = 1",
    )
    book.add("other", "pass")
    backend = Native(tmp_path)
    began = time.monotonic()
    run = drive(backend, jobs=1, methods=METHODS[:1])
    hit, other = sorted(run.trials, key=lambda each: each.experiment)
    assert (hit.outcome, hit.as_expected, other.outcome) == ("undecided", False, "ok")
    assert "twice" in hit.reason
    assert len(backend.agents) == 3
    # Twice the time limit and the grace, as many times longer as processes wanted each core.
    longest = GRACE_S * max(1.0, *(each.load for each in run.trials), os.getloadavg()[0])
    assert time.monotonic() - began < 2 * (1 + longest) + 20


@pytest.mark.skipif(sys.platform == "win32", reason="a Unix has this signal")
def test_one_ctrl_c_ends_a_run_whose_agent_is_stopped(
    book: Book, drive: Any, tmp_path: Path, bell: Any
) -> None:
    book.add(
        "stops",
        f"import os, signal, time; os.kill(os.getppid(), signal.SIGSTOP); {bell.ring}; "
        "time.sleep(600)",
        more="timeout_s = 500",
    )

    def interrupt() -> None:
        bell.wait()
        signal.raise_signal(signal.SIGINT)

    ringing = threading.Thread(target=interrupt)
    ringing.start()
    backend = Native(tmp_path)
    run = drive(backend, jobs=1, methods=METHODS[:1])
    ringing.join()
    assert [end.interrupted for end in run.ends] == [True]
    assert (list(run.trials), len(backend.agents)) == ([], 1)
    assert backend.agents[0]._stream._process.returncode == -signal.SIGKILL  # type: ignore[attr-defined]


def test_an_environment_whose_agent_never_starts_is_unavailable(
    book: Book, drive: Any, tmp_path: Path
) -> None:
    class Never(Native):
        def agent(self, environment: Environment) -> Conversation:
            raise AgentError(f"no agent on {environment.python}")

    book.add("any", "pass")
    run = drive(Never(tmp_path))
    assert {(t.outcome, t.as_expected) for t in run.trials} == {("unavailable", False)}
    assert run.missing == ()


def test_an_environment_that_is_not_there_is_reported_and_the_others_are_run(
    book: Book, drive: Any, tmp_path: Path
) -> None:
    class Half(Native):
        def environments(self, wanted: Sequence[str]) -> Iterator[Environment | Unavailable]:
            yield Unavailable(name="host-9.9", backend="native", reason="not yet")
            yield from super().environments(wanted)

    book.add("any", "pass")
    run = drive(Half(tmp_path), methods=METHODS[:1])
    outcomes = {t.environment: (t.outcome, t.reason) for t in run.trials}
    assert outcomes.pop("host-9.9") == ("unavailable", "not yet")
    assert list(outcomes.values()) == [("ok", "")]


def test_what_could_be_run_is_run_before_a_failing_backend_is_reported(
    book: Book, drive: Any, tmp_path: Path
) -> None:
    class Dying(Native):
        def environments(self, wanted: Sequence[str]) -> Iterator[Environment | Unavailable]:
            yield from super().environments(wanted)
            raise EngineError("the engine is gone")

    book.add("any", "pass")
    with pytest.raises(EngineError, match="the engine is gone"):
        drive(Dying(tmp_path), methods=METHODS[:1])
    run = journal.read(tmp_path / "run")
    assert [t.outcome for t in run.trials] == ["ok"]
    assert len(run.ends) == 1


@pytest.mark.parametrize("jobs", [1, 3])
def test_ctrl_c_ends_the_trials_in_flight_and_resume_runs_exactly_the_rest(
    book: Book, drive: Any, tmp_path: Path, processes_of: Any, bell: Any, jobs: int
) -> None:
    done = tmp_path / "done"
    book.add("aaa_quick", "pass")
    book.add(
        "waits",
        f"""
        import os, time
        if not os.path.exists({str(done)!r}):
            {bell.ring}
            time.sleep(600)
        """,
        more="timeout_s = 60",
    )
    book.add("zzz_late", "pass")

    def interrupt() -> None:
        bell.wait()
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    run = drive(jobs=jobs)
    assert run.ends[-1].interrupted
    assert jobs > 1 or ("aaa_quick", METHODS[0], 0) in told(run)
    assert not any(t.experiment == "waits" for t in run.trials)
    assert processes_of(tmp_path / "catalogue") == []
    missing = set(run.missing)
    assert missing

    done.touch()
    heard = Heard()
    whole = drive(jobs=jobs, resume=True, heard=heard)
    assert whole.missing == ()
    assert sorted(heard.began_) == sorted(missing)
    assert {t.outcome for t in whole.trials} == {"ok"}
    assert len(whole.trials) == 3 * len(METHODS)
    assert [end.interrupted for end in whole.ends] == [True, False]

"""Findings about real programs, each of which breaks in a way of its own.

The programs, in `programs`, are what people write; nothing in startlab knows them.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import pytest

import startlab
from startlab import catalogue
from startlab.diagnosis import findings
from startlab.diagnosis.answer import LONGEST
from startlab.diagnosis.case import Case
from startlab.diagnosis.phrases import versions
from startlab.diagnosis.rule import ADVICE
from startlab.diagnosis.source.sources import Sources
from startlab.model import Clue, Program, PythonException, Trial
from startlab.results import output_groups

if TYPE_CHECKING:
    from startlab.model import Environment, Method, Run

PROGRAMS = Path(__file__).parents[1] / "programs"
ENVIRONMENT = "host-{}.{}".format(*sys.version_info[:2])
EVERY = ("fork", "forkserver", "spawn")
NOT_FORK = ("forkserver", "spawn")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no hang is proven")


class Told(NamedTuple):
    """What the first finding must be."""

    mechanism: str
    line: int
    outcome: str
    methods: tuple[str, ...]


BREAK = {
    "squares": Told("unguarded_main", 8, "hang", NOT_FORK),
    "banner": Told("main_runs_again", 3, "differs", NOT_FORK),
    "price_list": Told("global_differs", 14, "differs", NOT_FORK),
    "row_limit": Told("global_differs", 4, "differs", NOT_FORK),
    "late_region": Told("environment_differs", 15, "differs", ("forkserver",)),
    "step_log": Told("logging_differs", 15, "differs", NOT_FORK),
    "card_deal": Told("random_copied", 4, "differs", ("fork",)),
    "table_header": Told("file_shared", 7, "differs", ("fork",)),
    "shared_store": Told("shared_made_again", 14, "hang", NOT_FORK),
    "service_journal": Told("unpicklable", 31, "error", NOT_FORK),
    "fetch_client": Told("unpicklable", 14, "error", EVERY),
    "send_function": Told("unpicklable", 12, "hang", EVERY),
    "locked_writer": Told("shared_as_argument", 13, "error", EVERY),
    "cubes": Told("not_importable", 4, "hang", NOT_FORK),
    "pool_in_pool": Told("daemonic_children", 9, "error", EVERY),
    "no_route": Told("dying_workers", 5, "hang", EVERY),
    "convert_images": Told("lost_task", 13, "hang", EVERY),
    "dead_holder": Told("holder_killed", 17, "hang", EVERY),
    "name_registry": Told("lock_held_at_fork", 12, "hang", ("fork",)),
    "mail_queue": Told("lock_held_at_fork", 18, "error", ("fork",)),
    "launch_locked": Told("lock_held_by_forker", 9, "hang", ("fork",)),
    "row_store": Told("thread_gone_at_fork", 10, "hang", ("fork",)),
    "sum_pipe": Told("pipe_end_inherited", 8, "hang", ("fork",)),
    "stop_server": Told("handler_inherited", 20, "hang", ("fork",)),
    "parse_rows": Told("exit_0_in_spite", 5, "ok", EVERY),
    "parallel_build": Told("unfinished_tasks", 31, "hang", EVERY),
    "fan_out": Told("no_end_mark", 26, "hang", EVERY),
    "ledger": Told("lock_taken_twice", 14, "hang", EVERY),
    "part_check": Told("item_never_comes", 17, "hang", EVERY),
    "held_join": Told("joined_under_lock", 17, "hang", EVERY),
    "plain_queue": Told("queue_of_threads", 18, "hang", ("fork",)),
    "quota_error": Told("unreadable_result", 27, "error", EVERY),
    "token_pool": Told("global_differs", 16, "error", NOT_FORK),
    "graceful": Told("handler_inherited", 12, "differs", ("fork",)),
    "set_at_top": Told("method_set_twice", 3, "ok", EVERY),
    "clip_work": Told("made_in_each_child", 7, "error", NOT_FORK),
    "upload_key": Told("global_differs", 16, "error", NOT_FORK),
    "strict_start": Told("child_status", 12, "error", NOT_FORK),
    "tag_words": Told("global_differs", 18, "hang", NOT_FORK),
    "word_index": Told("manager_copy", 9, "error", EVERY),
    "one_port": Told("main_runs_again", 13, "hang", NOT_FORK),
    "csv_parts": Told("buffer_copied", 4, "differs", ("fork",)),
    "head_line": Told("buffer_copied", 4, "differs", ("fork",)),
    "run_log": Told("main_runs_again", 4, "differs", NOT_FORK),
    "raffle": Told("random_copied", 7, "differs", ("fork",)),
    "order_log": Told("logging_differs", 12, "differs", NOT_FORK),
    "tax_table": Told("setting_differs", 10, "differs", NOT_FORK),
    "tree_depth": Told("setting_differs", 17, "error", NOT_FORK),
    "export_dates": Told("setting_differs", 18, "error", NOT_FORK),
    "discount": Told("global_differs", 31, "differs", NOT_FORK),
    "tenant": Told("global_differs", 12, "differs", NOT_FORK),
    "resize_early": Told("defined_after_start", 7, "hang", ("fork",)),
    "job_lengths": Told("end_mark_copied", 9, "hang", EVERY),
    "item_costs": Told("callback_failed", 10, "hang", EVERY),
    "item_sums": Told("callback_failed", 12, "hang", EVERY),
    "file_digests": Told("pool_not_closed", 12, "error", EVERY),
    "log_fields": Told("unpicklable_result", 13, "error", EVERY),
    "shape_areas": Told("global_differs", 8, "error", NOT_FORK),
    "region_bill": Told("global_differs", 13, "differs", NOT_FORK),
    "frozen_clock": Told("setting_differs", 10, "differs", NOT_FORK),
    "page_names": Told("hash_seed", 7, "differs", NOT_FORK),
    "starting_gate": Told("never_notified", 12, "hang", EVERY),
    "stock_totals": Told("holder_failed", 6, "hang", EVERY),
    "work_folder": Told("destructor_again", 11, "error", ("spawn",)),
    "pages_seen": Told("kept_by_child", 5, "error", EVERY),
    "vote_box": Told("kept_by_child", 8, "error", EVERY),
    "slow_solver": Told("never_notified", 7, "hang", EVERY),
    "thumb_quality": Told("global_differs", 16, "differs", NOT_FORK),
    "error_report": Told("setting_differs", 17, "differs", NOT_FORK),
    "root_scanner": Told("unpicklable", 13, "error", EVERY),
    "stop_worker": Told("signal_ignored", 17, "error", EVERY),
    "sample_draw": Told("random_copied", 4, "differs", NOT_FORK),
    "tool_permits": Told("child_raised", 11, "error", EVERY),
    "lazy_settings": Told("child_failed", 10, "hang", NOT_FORK),
    "rate_file": Told("other_folder", 6, "hang", NOT_FORK),
    "pager_pipe": Told("pipe_end_inherited", 11, "hang", ("fork",)),
    "report_queue": Told("holder_killed", 21, "hang", EVERY),
    "price_daemon": Told("lock_held_at_fork", 16, "error", ("fork",)),
    "letter_index": Told("file_shared", 5, "error", ("fork",)),
    "mixed_entries": Told("shared_made_again", 7, "error", NOT_FORK),
    "late_method": Told("method_set_late", 12, "error", EVERY),
    "meter_value": Told("item_lost_at_exit", 25, "hang", EVERY),
    "checked_total": Told("global_differs", 12, "error", NOT_FORK),
    "room_plan": Told("lock_held_at_fork", 16, "differs", ("fork",)),
}
NOT_PROVEN = {"stop_server"}
"""Its child sleeps with a timeout, so that the time limit tells."""


def run(name: str, folder: Path, methods: tuple[Method, ...] = (), trials: int = 1) -> Run:
    # Away from the project, whose folder would else go with the program.
    program = folder.with_name(f"{folder.name}-program")
    shutil.copytree(PROGRAMS, program)
    return startlab.run(
        program / f"{name}.py",
        methods=methods,
        environments=[ENVIRONMENT],
        backend="native",
        trials=trials,
        jobs=2,
        timeout_s=10 if name in NOT_PROVEN else 60,
        folder=folder,
    )


@pytest.mark.native
@pytest.mark.targets
@LINUX
@pytest.mark.parametrize("name", BREAK)
def test_the_first_finding_is_the_cause(name: str, tmp_path: Path) -> None:
    told = BREAK[name]
    seen = run(name, tmp_path / "run")
    found = findings.find(seen)
    assert found, [trial.reason for trial in seen.trials]
    first = found[0]
    # On 3.13.8 and later the fork server has imported the main module, and forks like fork do.
    if first.mechanism != told.mechanism and sys.version_info >= (3, 13, 8):
        pytest.skip("the fork server imports the main module")
    assert (first.mechanism, first.outcome) == (told.mechanism, told.outcome), first
    assert first.where is not None
    assert first.where.endswith(f".py:{told.line}")
    methods = tuple(sorted({each.cell.method for each in first.cells}))
    assert set(told.methods) <= set(methods)
    if sys.version_info < (3, 13, 8):
        assert methods == told.methods
    line = first.where.partition(":")[0]
    code = (PROGRAMS / line).read_text("utf-8").splitlines()[told.line - 1].strip()
    assert first.code == code
    assert first.advice
    answer = findings.answer(seen, found)
    assert not answer.startswith("Safe")
    assert "\n" not in answer
    if methods == EVERY and len(found) == 1:
        assert "fix the program, not the start method" in answer
    assert len(answer) <= LONGEST


@pytest.mark.native
@pytest.mark.targets
@LINUX
@pytest.mark.parametrize(
    "name",
    ["healthy_mix", "own_time", "churn", "who_works", "word_count", "camera_frame", "log_daemon"],
)
def test_what_is_healthy_is_safe(name: str, tmp_path: Path) -> None:
    seen = run(name, tmp_path / "run")
    assert {trial.outcome for trial in seen.trials} == {"ok"}
    assert {trial.output_group for trial in output_groups.grouped(seen).trials} == {"A"}
    found = findings.find(seen)
    assert [each for each in found if not each.note] == []
    assert findings.answer(seen, found).startswith("Safe under every start method on Python 3.")


@pytest.mark.native
@pytest.mark.targets
@LINUX
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="then its recursion is bounded elsewhere")
def test_a_crash_in_a_thread_whose_stack_is_too_small_is_told_with_its_setting(
    tmp_path: Path,
) -> None:
    (first,) = findings.find(run("deep_walk", tmp_path / "run"))
    assert (first.mechanism, first.outcome, first.where) == (
        "setting_differs", "crash", "deep_walk.py:18",
    )  # fmt: skip
    assert {each.cell.method for each in first.cells} == set(NOT_FORK)
    assert "is 536870912 bytes in the parent, set at deep_walk.py:18, and the system's" in (
        first.title
    )
    assert "dies by SIGSEGV" in first.title


@pytest.mark.native
@pytest.mark.targets
@LINUX
@pytest.mark.parametrize(
    ("name", "where", "said"),
    [
        ("mail_merge", "mail_merge.py:12", '"INFO sent to ann", "INFO sent to bob"'),
        ("pack_orders", "pack_orders.py:14", "`logging.getLogger('shop.orders')` is INFO"),
    ],
)
def test_log_lines_that_are_lost_are_a_note(
    name: str, where: str, said: str, tmp_path: Path
) -> None:
    seen = run(name, tmp_path / "run")
    (note,) = findings.find(seen)
    assert (note.mechanism, note.note, note.outcome) == ("logging_differs", True, "ok")
    assert note.where == where
    assert said in note.text
    assert "see the note" in findings.answer(seen, (note,))


@pytest.mark.native
@pytest.mark.targets
@LINUX
def test_a_method_that_the_program_chooses_is_told_with_its_line(tmp_path: Path) -> None:
    seen = run("pinned", tmp_path / "run")
    (note,) = findings.find(seen)
    assert (note.mechanism, note.where, note.note) == ("pinned", "pinned.py:9", True)
    assert {each.cell.method for each in note.cells} == {"forkserver", "spawn"}
    assert "under fork, which the program itself chooses" in findings.answer(seen, (note,))


@pytest.mark.native
@pytest.mark.targets
@LINUX
def test_a_child_that_dies_under_every_method_is_not_held_against_fork(tmp_path: Path) -> None:
    (first,) = findings.find(run("self_test", tmp_path / "run"))
    assert (first.mechanism, first.where) == ("crash", "self_test.py:6")
    assert {each.cell.method for each in first.cells} == set(EVERY)


@pytest.mark.native
@pytest.mark.targets
@LINUX
def test_a_path_leads_to_what_cannot_be_pickled(tmp_path: Path) -> None:
    (first,) = findings.find(run("service_journal", tmp_path / "a", ("spawn",)))
    assert "Journal.out via Worker.service, a _io.TextIOWrapper, cannot be pickled" in first.title
    (first,) = findings.find(run("fetch_client", tmp_path / "b", ("spawn",)))
    assert "Client.session['lock'] via the function Client.fetch, a _thread.lock" in first.title


@pytest.mark.native
@pytest.mark.targets
def test_an_exit_status_is_told_with_what_was_printed_last(tmp_path: Path) -> None:
    (first,) = findings.find(run("check_links", tmp_path / "run", ("spawn",)))
    assert (first.mechanism, first.title[-13:]) == ("exit_status", "exit status 3")
    assert first.text.endswith("The last that it printed: broken link: blog.")


@pytest.mark.native
@pytest.mark.targets
@LINUX
def test_an_exit_status_that_is_0_elsewhere_is_told_with_what_differs(tmp_path: Path) -> None:
    (first,) = findings.find(run("own_verdict", tmp_path / "run", ("fork", "spawn")))
    assert (first.mechanism, first.where) == ("exit_status_differs", None)
    assert {each.cell.method for each in first.cells} == {"spawn"}
    assert 'Under fork it ends with 0, and prints "good"; here it prints "bad".' in first.text
    assert "exit with 0" not in first.advice


@pytest.mark.native
@pytest.mark.targets
@LINUX
def test_a_global_does_not_explain_an_exit_status_that_is_so_without_it(tmp_path: Path) -> None:
    (first,) = findings.find(run("strict_links", tmp_path / "run", ("fork", "spawn")))
    assert first.mechanism == "exit_status"
    assert {each.cell.method for each in first.cells} == {"fork", "spawn"}


@pytest.mark.native
@pytest.mark.targets
@LINUX
def test_outputs_that_differ_without_a_known_cause_blame_no_method(tmp_path: Path) -> None:
    seen = run("own_stack", tmp_path / "run", ("fork", "spawn"))
    (first,) = findings.find(seen)
    assert first.mechanism == "output_differs"
    assert first.title == "Prints different output under fork than under spawn"
    assert {each.cell.method for each in first.cells} == {"fork", "spawn"}
    answer = findings.answer(seen, (first,))
    assert answer.startswith("Output depends on the start method; startlab cannot tell why")
    assert "reaks" not in answer
    assert "fix" not in answer


@pytest.mark.native
@pytest.mark.targets
@LINUX
def test_an_output_that_never_is_the_same_is_not_said_to_break(tmp_path: Path) -> None:
    seen = run("toss", tmp_path / "run", ("spawn",), trials=2)
    (first,) = findings.find(seen)
    assert first.mechanism == "unstable_output"
    answer = findings.answer(seen, (first,))
    assert answer.startswith("The output is not the same from one trial to the next")
    assert "reaks" not in answer


@pytest.mark.native
@pytest.mark.targets
@LINUX
def test_what_a_worker_raises_is_told_with_its_own_line(tmp_path: Path) -> None:
    (first,) = findings.find(run("bad_row", tmp_path / "run", ("fork", "spawn")))
    assert (first.mechanism, first.where) == ("exception", "bad_row.py:6")
    assert "a worker raises ValueError" in first.title
    assert "so does bad_row.py:10" in first.title


@pytest.mark.native
@pytest.mark.targets
@LINUX
def test_an_exception_that_cannot_be_unpickled_is_told_by_its_class(tmp_path: Path) -> None:
    (first,) = findings.find(run("quota_error", tmp_path / "run", ("fork",)))
    assert first.mechanism == "unreadable_result"
    assert "that is `QuotaExceeded` at quota_error.py:4." in first.text


@pytest.mark.native
@pytest.mark.targets
@LINUX
def test_a_setting_of_another_module_is_told_once_with_its_line(tmp_path: Path) -> None:
    (first,) = findings.find(run("shop", tmp_path / "run", ("fork", "spawn")))
    assert (first.mechanism, first.where) == ("global_differs", "shop_settings.py:9")
    assert "`shop_settings.current` is not" in first.title
    assert "shop_prices" not in first.title


@pytest.mark.native
@pytest.mark.targets
@LINUX
def test_a_module_that_starts_processes_is_told_by_its_name(tmp_path: Path) -> None:
    first = findings.find(run("hot_pool", tmp_path / "run", ("spawn",)))[0]
    assert (first.mechanism, first.where) == ("unguarded_main", "hot_workers.py:9")
    assert "hot_workers.py, which the main module imports, starts processes" in first.title


@pytest.mark.native
@pytest.mark.targets
@LINUX
def test_what_a_manager_loses_is_a_note_where_nothing_shows_it(tmp_path: Path) -> None:
    seen = run("word_bags", tmp_path / "run", ("fork",))
    (note,) = findings.find(seen)
    assert (note.mechanism, note.where, note.note) == ("manager_copy", "word_bags.py:7", True)
    assert "see the note" in findings.answer(seen, (note,))


@pytest.mark.native
@pytest.mark.targets
@LINUX
def test_what_is_found_does_not_need_the_sources(tmp_path: Path) -> None:
    seen = run("price_list", tmp_path / "run")
    assert seen.header.program is not None
    program = msgspec.structs.replace(seen.header.program, root=str(tmp_path / "gone"), sources={})
    elsewhere = msgspec.structs.replace(
        seen, header=msgspec.structs.replace(seen.header, program=program)
    )
    (first,) = findings.find(elsewhere)
    assert (first.mechanism, first.code) == ("global_differs", "")
    assert "{'factor': 3, 'currency': 'USD'}" in first.text


@pytest.mark.native
@pytest.mark.targets
@LINUX
def test_an_expected_output_makes_the_others_wrong(tmp_path: Path) -> None:
    wanted = tmp_path / "wanted"
    wanted.write_text("rye: 18 USD\ntea: 12 USD\njam: 15 USD\n")
    shutil.copy(PROGRAMS / "price_list.py", tmp_path)
    seen = startlab.run(
        tmp_path / "price_list.py", environments=[ENVIRONMENT], backend="native", trials=1,
        methods=["fork", "spawn"], expect_stdout=wanted, folder=tmp_path / "run",
    )  # fmt: skip
    assert [trial.outcome for trial in sorted(seen.trials, key=lambda t: t.method)] == [
        "ok", "wrong",
    ]  # fmt: skip
    (first,) = findings.find(seen)
    assert (first.mechanism, first.outcome) == ("global_differs", "wrong")
    assert findings.answer(seen, (first,)) == (
        "Breaks under spawn, not fork; fix 1 line or set fork explicitly."
    )


@pytest.mark.parametrize("mechanism", ADVICE)
def test_an_advice_names_an_experiment_that_there_is(mechanism: str) -> None:
    advice = ADVICE[mechanism]
    assert advice.do.endswith(".")
    if advice.experiment is not None:
        assert (catalogue.ROOT / advice.experiment / "experiment.toml").is_file()


def test_a_run_of_the_catalogue_has_no_findings(tmp_path: Path) -> None:
    seen = run("pinned", tmp_path / "run", ("fork",)) if sys.platform == "linux" else None
    if seen is not None:
        header = msgspec.structs.replace(seen.header, program=None)
        assert findings.find(msgspec.structs.replace(seen, header=header)) == ()


def test_versions_are_told_as_ranges_without_gaps(environment: Environment) -> None:
    every = {
        name: msgspec.structs.replace(environment, python=python)
        for name, python in [("a", "3.9.18"), ("b", "3.12.1"), ("c", "3.13.15"), ("d", "3.15.0")]
    }
    assert versions(every, ["a", "b", "c"]) == "3.9.18 to 3.13.15"
    assert versions(every, ["a", "c", "d"]) == "3.9.18, 3.13.15 and 3.15.0"
    assert versions(every, ["d"]) == "3.15.0"


def test_an_output_that_depends_on_the_python_is_no_matter_of_the_method(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("needs a run on Linux")
    seen = run("pinned", tmp_path / "run")
    (one,) = seen.environments
    assert one.environment is not None
    other = msgspec.structs.replace(
        one,
        name="host-other",
        cells=tuple(msgspec.structs.replace(each, environment="host-other") for each in one.cells),
        environment=msgspec.structs.replace(
            one.environment, name="host-other", python="3.99.1"
        ),
    )  # fmt: skip
    trials = [
        msgspec.structs.replace(
            trial, environment="host-other", stdout="else\n", stdout_digest="x", stdout_shape="x"
        )
        for trial in seen.trials
    ]
    both = msgspec.structs.replace(
        seen,
        environments=(one, other),
        trials=(*seen.trials, *trials),
    )
    first = findings.find(both)[0]
    assert (first.mechanism, first.outcome) == ("output_by_python", "ok")
    assert {each.cell.environment for each in first.cells} == {"host-other"}
    assert "depends on the Python" in findings.answer(both, findings.find(both))


def test_what_spawn_on_linux_cannot_tell_is_said_unless_it_was_tried(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("needs a run on Linux")
    seen = run("pinned", tmp_path / "run", ("fork",))
    said = findings.beyond(seen)
    assert said is not None
    assert "Windows and macOS" in said or "Windows, macOS" in said
    assert ("Python 3.14" in said) is (sys.version_info < (3, 14))
    assert len(said) <= 80


def test_a_method_that_only_got_so_far_is_not_one_that_the_program_chose(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("needs a run on Linux")
    seen = run("check_links", tmp_path / "run", ("fork", "spawn"))
    one, *others = seen.trials
    started = msgspec.structs.replace(one, method_used=(one.method,))
    seen = msgspec.structs.replace(seen, trials=(started, *others))
    assert findings.answer(seen, findings.find(seen)).startswith("Breaks under fork and spawn; ")
    other: Method = "forkserver"
    chosen = msgspec.structs.replace(one, method_used=(other,))
    seen = msgspec.structs.replace(seen, trials=(chosen, *others))
    answer = findings.answer(seen, findings.find(seen))
    assert answer.startswith("Breaks under forkserver, which the program itself chooses")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a run on Linux")
@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the made-up Python must be the newest")
def test_what_a_newer_python_does_not_show_is_not_foretold(tmp_path: Path) -> None:
    seen = run("token_pool", tmp_path / "run")
    assert "3.14" not in findings.answer(seen, findings.find(seen))  # it was not run
    (one,) = seen.environments
    assert one.environment is not None
    newer = msgspec.structs.replace(
        one,
        name="host-newer",
        cells=tuple(msgspec.structs.replace(each, environment="host-newer") for each in one.cells),
        environment=msgspec.structs.replace(one.environment, name="host-newer", python="3.13.0"),
    )
    good = next(trial for trial in seen.trials if trial.outcome == "ok")
    trials = [
        msgspec.structs.replace(
            good, environment="host-newer", method=trial.method, method_used=trial.method_used
        )
        for trial in seen.trials
    ]
    both = msgspec.structs.replace(
        seen, environments=(one, newer), trials=(*seen.trials, *trials)
    )  # fmt: skip
    answer = findings.answer(both, findings.find(both))
    assert "3.14" not in answer
    assert f"on Python {sys.version_info[0]}.{sys.version_info[1]}," in answer


def test_clues_are_told_once_and_not_at_lines_of_no_file() -> None:
    trial = Trial(
        experiment="p.py", environment="e", method="spawn", trial=1, outcome="ok", reason="",
        as_expected=True, expected=("ok",),
        clues=(
            Clue(kind="thread at fork", name="Thread-1", where="<string>:2"),
            Clue(kind="global", name="pricing.current", parent="1", child="2"),
            Clue(kind="global", name="settings.current", parent="1", child="2"),
            Clue(kind="global", name="settings.other", parent="1", child="2"),
        ),
        exception=PythonException(type="__main__.BadRow", message="x"),
    )  # fmt: skip
    program = Program(
        kind="script", name="p.py", target="p.py", root="/nowhere",
        sources={"settings.py": "def load(n):\n    setattr(current, 'n', n)\n"},
    )  # fmt: skip
    case = Case(trial, Sources(program))
    assert [clue.where for clue in case.clues("thread at fork")] == [None]
    assert [clue.name for clue in case.clues("global")] == ["settings.current", "settings.other"]
    assert case.trial.exception == PythonException(type="BadRow", message="x")

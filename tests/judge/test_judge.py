"""Observation and expectation → outcome and verdict.

The texts in `tracebacks` are what interpreters wrote to stderr, `<program>-<method>-<version>`.
"""

from __future__ import annotations

import subprocess
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from startlab.judge import check, expectation, paths
from startlab.judge.trial import judge, judge_program
from startlab.judge.verdict import Verdict, classify
from startlab.model import (
    Cell,
    Check,
    Environment,
    Expectation,
    Experiment,
    InheritedHandler,
    LeftBehind,
    Method,
    NotLaunched,
    Observation,
    Obstacle,
    PinnedMethod,
    Process,
    Program,
    PythonException,
    Respawn,
    SignalSent,
    Start,
    Stream,
    Thread,
    Trial,
    Wait,
)
from startlab.output import likeness, tracebacks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TRACEBACKS = Path(__file__).parent / "tracebacks"


def observed(ended: Any = "exit", exit_status: int | None = 0, **said: Any) -> Observation:
    for name in ("stdout", "stderr"):
        if isinstance(said.get(name), str):
            said[name] = Stream(head=said[name].encode())
    return Observation(ended=ended, exit_status=exit_status, **({"duration_s": 0.5} | said))


def start(exit_code: int | None = 0, method: Any = "fork", **said: Any) -> Start:
    return Start(
        pid=1, method=method, time_s=0.1, where="program.py:9", child=2, exit_code=exit_code, **said
    )


@pytest.fixture
def judged(experiment: Experiment, environment: Environment) -> Callable[..., Trial]:
    def judged(
        observation: Observation,
        *,
        expect: Sequence[Expectation] = (Expectation(outcome=("ok",)),),
        method: Method = "fork",
        env: dict[str, Any] | None = None,
        **said: Any,
    ) -> Trial:
        where = msgspec.structs.replace(environment, **(env or {}))
        what = msgspec.structs.replace(experiment, expect=tuple(expect), **said)
        cell = Cell(experiment=what.name, environment=where.name, method=method)
        return judge(what, where, cell, 0, observation, "startlab lab")

    return judged


# --- ok ----------------------------------------------------------------------------------------


def test_ok(judged: Callable[..., Trial]) -> None:
    trial = judged(observed(stdout="b\na\n", starts=(start(),), overhead_s=0.01))
    assert (trial.outcome, trial.reason, trial.as_expected) == ("ok", "", True)
    assert trial.expected == ("ok",)
    assert trial.method_used == ("fork",)
    assert trial.exit_status == 0
    assert (trial.signal, trial.exception, trial.grade, trial.where) == (None,) * 4
    assert trial.stdout == trial.stderr == ""
    assert trial.stdout_digest == likeness.digest("a\nb") != likeness.digest("a\nc")
    assert trial.reproduce == "startlab lab"


def test_what_is_not_as_expected_shows_its_output(judged: Callable[..., Trial]) -> None:
    trial = judged(observed(stdout="a\n", stderr="b\n"), expect=[Expectation(outcome=("hang",))])
    assert not trial.as_expected
    assert trial.reason == "expected hang"
    assert (trial.stdout, trial.stderr) == ("a\n", "b\n")


def test_a_stream_that_was_cut_has_no_digest(judged: Callable[..., Trial]) -> None:
    trial = judged(observed(stdout=Stream(head=b"a", tail=b"z", dropped=9)))
    assert trial.stdout_digest is None
    assert trial.notes == ("9 bytes of stdout were dropped",)


def test_notes_say_what_was_left_behind(judged: Callable[..., Trial]) -> None:
    left = LeftBehind(
        processes=("sleep 9", "sleep 8"), shared_memory=("sem.mp-1",), files=("a", "b")
    )
    trial = judged(
        observed(left_behind=left), expect=[Expectation(outcome=("ok",), unmeasured=True)]
    )
    assert trial.outcome == "ok"
    assert trial.notes == (
        "left 2 processes running: sleep 9",
        "left shared memory: sem.mp-1",
        "left temporary files: a, b",
        "the expectation was never measured",
    )


@pytest.mark.parametrize(("files", "kept"), [(1, 8000), (5, 8000), (20, 2000)])
def test_of_what_a_program_writes_there_is_an_excerpt(
    of_program: Callable[..., Trial], files: int, kept: int
) -> None:
    written = {str(number): "@" * 30_000 for number in range(files)}
    trial = of_program(observed(written=written))
    lengths = {text.count("@") for text in trial.written.values()}
    assert (len(trial.written), lengths) == (files, {kept})
    assert trial.written_shapes.keys() == written.keys()


def test_excerpts_keep_head_and_tail() -> None:
    text = "a" * 4000 + "b" * 5 + "c" * 4000
    assert likeness.excerpt(text[:8000]) == text[:8000]
    assert likeness.excerpt(text) == "a" * 4000 + "\n[5 characters left out]\n" + "c" * 4000


# --- hang and undecided ------------------------------------------------------------------------


@pytest.mark.parametrize("grade", ["proven", "proven-given-pollers", "respawning"])
def test_a_proof_is_a_hang_of_its_grade(judged: Callable[..., Trial], grade: Any) -> None:
    thread = Thread(tid=1, wait=Wait(kind="lock"), waits_for=(1,))
    process = Process(pid=1, ppid=0, command="python", role="program", threads=(thread,))
    trial = judged(
        observed(
            "proof",
            None,
            grade=grade,
            ring=((1, 1),),
            respawn=Respawn(pid=1, exit_code=1, deaths=7) if grade == "respawning" else None,
            where="program.py:3",
            verdict_s=0.2,
            processes=(process,),
        )
    )
    assert (trial.outcome, trial.grade) == ("hang", grade)
    assert trial.reason == (
        "workers die and are replaced forever: 7 have ended with exit code 1; expected ok"
        if grade == "respawning"
        else "the program waits for a lock: only threads of this process could release it; "
        "it has no other thread; expected ok"
    )
    assert (trial.where, trial.verdict_s) == ("program.py:3", 0.2)
    (seen,) = trial.processes[0].threads
    assert (seen.wait, seen.waits) == (thread.wait, "waits for a lock")


@pytest.mark.parametrize(
    ("grade", "starved_s", "outcome", "reason"),
    [
        ("quiescent", 0.0, "hang", "not over after 10 s; its processes have used no CPU for 9.0 s"),
        ("quiescent", 9.0, "hang", "not over after 10 s; its processes have used no CPU for 9.0 s"),
        ("busy", 0.0, "hang", "not over after 10 s; its processes are using the CPU"),
        ("busy", 2.5, "hang", "not over after 10 s; its processes are using the CPU"),
        ("busy", 2.6, "undecided", ("not over after 10 s, but the machine was loaded: it "
         "was ready to run without a core for 2.6 s")),
    ],
)  # fmt: skip
def test_at_the_time_limit(
    judged: Callable[..., Trial], grade: Any, starved_s: float, outcome: str, reason: str
) -> None:
    trial = judged(
        observed("limit", None, grade=grade, limit_s=10.0, idle_s=9.0, starved_s=starved_s),
        expect=[Expectation(outcome=("hang", "undecided"))],
    )
    assert (trial.outcome, trial.grade, trial.reason) == (
        outcome,
        grade if outcome == "hang" else None,
        reason,
    )


def test_why_there_is_no_proof_is_told(judged: Callable[..., Trial]) -> None:
    found = Obstacle(kind="running", pid=3)
    seen = observed("limit", None, grade="busy", limit_s=2.0, obstacle=found)
    trial = judged(seen, expect=[Expectation(outcome=("hang",))])
    assert trial.reason == (
        "not over after 2 s; its processes are using the CPU; no proof: pid 3 is running"
    )
    assert trial.obstacle == found


def test_stopped_is_undecided_and_not_launched_is_unavailable(judged: Callable[..., Trial]) -> None:
    assert judged(observed("stopped", None)).outcome == "undecided"
    trial = judged(
        observed(
            "launch", None, not_launched=NotLaunched(step="start", program="python", error="gone")
        )
    )
    assert (trial.outcome, trial.reason) == (
        "unavailable",
        "python could not be started: gone; expected ok",
    )


# --- crash -------------------------------------------------------------------------------------

CRASH = """Fatal Python error: Segmentation fault

Thread 0x00007f32 (most recent call first):
  File "/startlab/catalogue/example/program.py", line 3 in wait

Current thread 0x00007f31 (most recent call first):
  File "/usr/lib/python3.12/ctypes/__init__.py", line 519 in string_at
  File "/startlab/catalogue/example/program.py", line 12 in work
  File "/usr/lib/python3.12/multiprocessing/process.py", line 108 in run
  File "/startlab/catalogue/example/program.py", line 20 in <module>

Current thread's C stack trace (most recent call first):
  Binary file "/usr/lib/libpython3.14.so", at _Py_DumpStack+0x4b"""


def test_a_parent_that_dies_by_a_signal_is_a_crash(judged: Callable[..., Trial]) -> None:
    trial = judged(observed(exit_status=-11, crashes=(CRASH,)))
    assert (trial.outcome, trial.signal, trial.exit_status) == ("crash", "SIGSEGV", -11)
    assert trial.reason == "the program died by SIGSEGV; expected ok"
    assert trial.where == "program.py:12"


def test_a_child_that_dies_by_a_crash_signal_is_a_crash_whatever_the_parent_says(
    judged: Callable[..., Trial],
) -> None:
    trial = judged(observed(exit_status=0, starts=(start(), start(-6))))
    assert trial.outcome == "crash"
    assert trial.reason.startswith("process 2 died by SIGABRT; the program's exit status is 0")
    assert trial.signal is None


@pytest.mark.parametrize("code", [-15, -9, -2, -1, 1, 0, None])
def test_a_child_that_was_ended_on_purpose_is_no_crash(
    judged: Callable[..., Trial], code: int | None
) -> None:
    assert judged(observed(starts=(start(code),))).outcome == "ok"


@pytest.mark.parametrize(("sent", "outcome"), [(4, "ok"), (15, "crash")])
def test_a_child_that_the_program_sent_a_crash_signal_is_no_crash(
    judged: Callable[..., Trial], sent: int, outcome: str
) -> None:
    clues = (SignalSent(number=sent, child=2),)
    seen = observed(starts=(start(-4),), crashes=(CRASH,), clues=clues)
    assert judged(seen).outcome == outcome


def test_a_crash_that_was_not_waited_for_is_known_by_its_stacks(
    judged: Callable[..., Trial],
) -> None:
    trial = judged(observed(crashes=(CRASH,)))
    assert (trial.outcome, trial.where) == ("crash", "program.py:12")
    assert trial.reason.startswith("a process died: Fatal Python error: Segmentation fault")


def test_a_signal_without_a_name_has_its_number(judged: Callable[..., Trial]) -> None:
    assert judged(observed(exit_status=-99)).signal == "signal 99"


# --- error: what real interpreters write ---------------------------------------------------------


def versions(program: str) -> list[Any]:
    files = sorted(TRACEBACKS.glob(f"{program}-*.txt"))
    assert files
    return [pytest.param(file.read_text("utf-8"), id=file.stem) for file in files]


def error(text: str, exit_status: int = 1) -> Verdict:
    verdict = classify(
        observed(exit_status=exit_status, stderr=text),
        Check(),
        paths.in_folder_of("example/program.py"),
    )
    assert verdict.outcome == "error"
    return verdict


@pytest.mark.parametrize("text", versions("child"))
def test_an_exception_of_a_child_is_reported_as_such(text: str) -> None:
    """The parent ended by `sys.exit(text)`, the child by a KeyError."""
    verdict = error(text)
    assert verdict.reason == "in a child: KeyError: 'missing'"
    assert verdict.where == "child.py:6"
    assert verdict.exception is not None
    assert verdict.exception.type == "KeyError"
    (traceback,) = tracebacks.find_tracebacks(text)
    assert traceback.child


def test_a_program_that_python_cannot_read_has_a_place_too(
    interpreter: Environment, tmp_path: Path
) -> None:
    """Python tells of it without the head of a traceback."""
    program = tmp_path / "program.py"
    program.write_text("import os\n\n\ndef f(:\n    pass\n")
    done = subprocess.run(
        [interpreter.executable, str(program)], capture_output=True, text=True, check=False
    )
    (found,) = tracebacks.find_tracebacks(done.stderr)
    assert found.exception == PythonException(type="SyntaxError", message="invalid syntax")
    assert found.frames == ((str(program), 4),)


@pytest.mark.parametrize("text", versions("child_and_parent"))
def test_the_parents_exception_speaks_for_the_program(text: str) -> None:
    verdict = error(text)
    assert verdict.reason == "ValueError: the child ended with 1"
    assert verdict.exception == PythonException(type="ValueError", message="the child ended with 1")
    assert verdict.where == "child_and_parent.py:15"
    assert [each.child for each in tracebacks.find_tracebacks(text)] == [True, False]


def test_what_led_to_a_child_s_exception_is_the_child_s_wherever_its_head_stands() -> None:
    """Two children print at once: both heads come first."""
    chain = (
        "Traceback (most recent call last):\n"
        '  File "/usr/lib/python3.12/site-packages/lib.py", line 3, in get\n'
        "KeyError: 'x'\n\n"
        "The above exception was the direct cause of the following exception:\n\n"
        "Traceback (most recent call last):\n"
        '  File "/usr/lib/python3.12/multiprocessing/process.py", line 314, in _bootstrap\n'
        '  File "program.py", line 9, in work\n'
        "LookupError: no x\n"
    )
    found = tracebacks.find_tracebacks(f"Process Process-1:\nProcess Process-2:\n{chain}{chain}")
    assert [each.child for each in found] == [True, True, True, True]


@pytest.mark.parametrize("text", [*versions("pool-fork"), *versions("pool-spawn")])
def test_what_came_with_an_exception_from_a_worker_is_told_apart(text: str) -> None:
    remote = [each.remote for each in tracebacks.find_tracebacks(text)]
    quoted = '"""' in text  # since Python 3
    assert (remote[0], remote[-1]) == (quoted, False)


@pytest.mark.parametrize("text", versions("unguarded-spawn"))
def test_a_message_whose_first_line_is_empty_is_reported_by_its_next(text: str) -> None:
    verdict = error(text)
    assert verdict.reason == (
        "in a child: RuntimeError: An attempt has been made to start a new process before the"
    )
    assert verdict.where == "unguarded.py:12"
    assert verdict.exception is not None
    assert "freeze_support()" in verdict.exception.message


@pytest.mark.parametrize("text", versions("unguarded-forkserver"))
def test_a_fork_server_is_a_child_too(text: str) -> None:
    first = tracebacks.find_tracebacks(text)[0]
    assert first.child
    assert first.exception.type == "RuntimeError"
    assert error(text).where == "unguarded.py:12"


@pytest.mark.parametrize("text", versions("chained"))
def test_the_last_exception_of_a_chain_counts_and_a_destructors_does_not(text: str) -> None:
    verdict = error(text)
    assert verdict.reason == "RuntimeError: line one"
    assert verdict.exception is not None
    assert verdict.exception.message.startswith("line one\nline two")
    assert "Exception ignored" not in verdict.exception.message
    assert verdict.where == "chained.py:13"


@pytest.mark.parametrize("text", versions("unpicklable"))
def test_what_cannot_be_pickled_is_an_error_of_the_parent(text: str) -> None:
    verdict = error(text)
    assert verdict.where == "unpicklable.py:7"
    assert verdict.exception is not None
    assert "in a child" not in verdict.reason
    assert verdict.exception.type.rpartition(".")[2] in ("PicklingError", "AttributeError")
    assert "<lambda>" in verdict.exception.message


@pytest.mark.parametrize("text", versions("pool"))
def test_an_exception_from_a_pool_points_to_the_parents_line(text: str) -> None:
    """Python 2.7 has no traceback of the worker; since 3.4 it is the cause of the parent's."""
    verdict = error(text)
    assert verdict.reason.startswith("ZeroDivisionError: ")
    assert verdict.where == "pool.py:14"
    assert verdict.exception is not None
    assert "\n" not in verdict.exception.message


@pytest.mark.parametrize("text", versions("thread"))
def test_a_threads_exception_is_the_last_resort(text: str) -> None:
    """The program ended by `sys.exit(3)`, which leaves no trace."""
    verdict = error(text, 3)
    assert verdict.reason in ("OSError: in a thread", "IOError: in a thread")
    assert verdict.where == "thread.py:6"


@pytest.mark.parametrize("text", versions("group"))
def test_an_exception_group_is_an_exception(text: str) -> None:
    verdict = error(text)
    assert verdict.reason == "ExceptionGroup: two of them (2 sub-exceptions)"
    assert verdict.where == "group.py:1"


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        ("", "exit status 3"),
        ("all is lost\n", "exit status 3: all is lost"),
        ("one\ntwo\n\n", "exit status 3: two"),
        ("Traceback (most recent call last):\n",
         "exit status 3: Traceback (most recent call last):"),
        ("Traceback (most recent call last):\n  cut off", "exit status 3: cut off"),
    ],
)  # fmt: skip
def test_without_a_traceback_the_last_line_is_reported(stderr: str, reason: str) -> None:
    verdict = error(stderr, 3)
    assert (verdict.reason, verdict.exception) == (reason, None)


def test_windows_paths_are_paths() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "<string>", line 1, in <module>\n'
        '  File "C:\\Python\\Lib\\multiprocessing\\spawn.py", line 122, in spawn_main\n'
        '  File "D:\\startlab\\catalogue\\example\\program.py", line 4, in work\n'
        "OSError: [WinError 6] The handle is invalid\n"
    )
    verdict = error(text)
    assert verdict.where == "program.py:4"
    assert verdict.reason == "in a child: OSError: [WinError 6] The handle is invalid"


def test_a_command_given_with_c_is_a_parent() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "<string>", line 1, in <module>\n'
        '  File "/usr/lib/python3.12/multiprocessing/process.py", line 121, in start\n'
        "AssertionError: cannot start a process twice\n"
    )
    assert error(text).reason == "AssertionError: cannot start a process twice"


@pytest.mark.targets
@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    error(text)
    error("Traceback (most recent call last):\n" + text)


# --- wrong -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "stdout", "reason"),
    [
        (Check(), "anything", None),
        (Check(stdout="\na\nb\n"), "a\nb\n", None),
        (Check(stdout="a\nb"), "a\nb", None),
        (Check(stdout="a\nb"), "b\na\n", "the same lines in another order or number"),
        (Check(stdout="a\nb"), "a\n", "missing 'b'"),
        (Check(stdout="a"), "a\nc\nd\n", "extra 'c' and 1 more"),
        (Check(stdout="a"), "", "missing 'a'"),
        (Check(stdout=""), "x\n", "extra 'x'"),
        (Check(lines="a\nb"), "b\na\n", None),
        (Check(lines="a\nb"), "b\na\nb\n", "the same lines in another order or number"),
        (Check(lines="a\nb"), "a\nc\n", "missing 'b'; extra 'c'"),
        (Check(interleaved=("1\n2", "1\n3")), "1\n1\n3\n2\n", None),
        (Check(interleaved=("1\n2", "1\n3")), "1\n2\n3\n1\n", "not a mixture of the 2 and 2 lines"),
        (Check(interleaved=("1\n2", "1\n3")), "1\n2\n1\n", "stdout (3 lines) is not a mixture"),
    ],
)
def test_checks_of_the_output(check: Check, stdout: str, reason: str | None) -> None:
    verdict = classify(observed(stdout=stdout), check, paths.in_folder_of("example/program.py"))
    assert verdict.outcome == ("ok" if reason is None else "wrong")
    assert (reason or "") in verdict.reason


@pytest.mark.parametrize(
    ("starts", "reason"),
    [
        ((start(), start()), None),
        ((start(),), "1 processes were started, not 2"),
        ((start(), start(), start()), "3 processes were started, not 2"),
        ((start(), start(None)), "the process started at program.py:9 was never waited for"),
        ((start(), start(3)), "process 2, started at program.py:9, ended with 3"),
        ((start(), start(-15)), "process 2, started at program.py:9, ended with -15"),
    ],
)
def test_checks_of_the_processes(starts: tuple[Start, ...], reason: str | None) -> None:
    verdict = classify(
        observed(starts=starts), Check(processes=2), paths.in_folder_of("example/program.py")
    )
    assert verdict.outcome == ("ok" if reason is None else "wrong")
    assert verdict.reason == (reason or "")


def test_wrong_points_to_what_a_childs_traceback_points_to() -> None:
    text = (TRACEBACKS / "child-spawn-3.14.txt").read_text("utf-8")
    verdict = classify(
        observed(stderr=text, starts=(start(1),)),
        Check(processes=1),
        paths.in_folder_of("example/program.py"),
    )
    assert (verdict.outcome, verdict.where) == ("wrong", "child.py:6")


TEXTS = st.lists(st.lists(st.sampled_from("abc"), max_size=5), max_size=3)


@pytest.mark.targets
@given(TEXTS, st.randoms(use_true_random=False))
def test_every_mixture_is_an_interleaving(texts: list[list[str]], chance: Any) -> None:
    queue = [list(text) for text in texts]
    lines = []
    while any(queue):
        lines.append(chance.choice([each for each in queue if each]).pop(0))
    assert check.is_interleaving(lines, texts)
    assert not check.is_interleaving([*lines, "d"], texts)
    if lines:
        assert not check.is_interleaving(lines[:-1], texts)


@pytest.mark.targets
@given(st.lists(st.sampled_from("ab"), max_size=7), TEXTS.filter(lambda texts: len(texts) == 2))
def test_interleaving_is_as_by_trying_every_choice(
    lines: list[str], texts: list[list[str]]
) -> None:
    first, second = texts
    by_hand = len(lines) == len(first) + len(second) and any(
        [lines[i] for i in chosen] == first
        and [line for i, line in enumerate(lines) if i not in chosen] == second
        for chosen in combinations(range(len(lines)), len(first))
    )
    assert check.is_interleaving(lines, texts) == by_hand


# --- expectations ------------------------------------------------------------------------------


def outcomes(*entries: dict[str, Any]) -> list[Expectation]:
    return [Expectation(outcome=(entry.pop("is"),), **entry) for entry in entries]


@pytest.mark.parametrize(
    ("expect", "env", "method", "expected"),
    [
        ([{"is": "ok"}, {"is": "hang"}], {}, "fork", "ok"),
        ([{"is": "hang", "method": ("fork",)}, {"is": "ok"}], {}, "fork", "hang"),
        ([{"is": "hang", "method": ("fork",)}, {"is": "ok"}], {}, "spawn", "ok"),
        ([{"is": "hang", "method": ("fork", "spawn")}], {}, "forkserver", None),
        ([], {}, "fork", None),
        ([{"is": "ok", "when": "python_full_version < '3.13.1'"}, {"is": "hang"}],
         {"python": "3.13.0"}, "fork", "ok"),
        ([{"is": "ok", "when": "python_full_version < '3.13.1'"}, {"is": "hang"}],
         {"python": "3.13.15"}, "fork", "hang"),
        ([{"is": "ok", "when": "python_full_version >= '3.13.2'"}, {"is": "hang"}],
         {"python": "3.13.15"}, "fork", "ok"),
        ([{"is": "ok", "when": "python_version >= '3.9'"}, {"is": "hang"}],
         {"python": "3.10.0"}, "fork", "ok"),
        ([{"is": "ok", "when": "python_full_version >= '3.15.0a1'"}, {"is": "hang"}],
         {"python": "3.15.0a1+local"}, "fork", "ok"),
        ([{"is": "ok", "when": "sys_platform == 'win32'"}, {"is": "hang"}],
         {"sys_platform": "win32"}, "spawn", "ok"),
        ([{"is": "ok", "when": "sys_platform == 'win32'"}, {"is": "hang"}], {}, "spawn", "hang"),
        ([{"is": "ok", "when": "implementation_name == 'pypy'"}, {"is": "hang"}],
         {"implementation": "pypy"}, "spawn", "ok"),
        ([{"is": "ok", "free_threaded": True}, {"is": "hang"}], {}, "fork", "hang"),
        ([{"is": "ok", "free_threaded": True}, {"is": "hang"}],
         {"free_threaded": True}, "fork", "ok"),
        ([{"is": "ok", "free_threaded": False}, {"is": "hang"}],
         {"free_threaded": True}, "fork", "hang"),
        ([{"is": "ok", "libc": "musl"}, {"is": "hang"}], {}, "fork", "hang"),
        ([{"is": "ok", "libc": "musl"}, {"is": "hang"}], {"libc": "musl 1.2"}, "fork", "ok"),
        ([{"is": "ok", "libc": "glibc"}, {"is": "hang"}], {"libc": ""}, "fork", "hang"),
    ],
)  # fmt: skip
def test_the_first_entry_that_matches_counts(
    environment: Environment,
    expect: list[dict[str, Any]],
    env: dict[str, Any],
    method: Any,
    expected: str | None,
) -> None:
    where = msgspec.structs.replace(environment, **env)
    cell = Cell(experiment="example", environment=where.name, method=method)
    found = expectation.expected(outcomes(*map(dict, expect)), where, cell)
    assert (found.outcome[0] if found else None) == expected


def test_what_no_entry_matches_is_unknown_and_not_as_expected(judged: Callable[..., Trial]) -> None:
    trial = judged(observed(), expect=[Expectation(outcome=("ok",), method=("spawn",))])
    assert (trial.outcome, trial.expected, trial.as_expected) == ("ok", None, False)
    assert trial.reason == "the catalogue has no expectation for this cell"


def test_several_outcomes_may_be_allowed(judged: Callable[..., Trial]) -> None:
    expect = [Expectation(outcome=("hang", "ok"))]
    assert judged(observed(), expect=expect).as_expected
    assert judged(observed("proof", None, grade="proven"), expect=expect).as_expected
    trial = judged(observed(exit_status=1), expect=expect)
    assert (trial.as_expected, trial.reason) == (False, "exit status 1; expected hang or ok")


def test_an_error_must_be_the_expected_one(judged: Callable[..., Trial]) -> None:
    text = (TRACEBACKS / "unpicklable-spawn-3.12.txt").read_text("utf-8")
    seen = observed(exit_status=1, stderr=text)
    for pattern, right in [("PicklingError: Can't pickle", True), ("TypeError", False)]:
        trial = judged(seen, expect=[Expectation(outcome=("error",), exception=pattern)])
        assert trial.as_expected is right
    assert trial.reason.endswith("; expected an exception like 'TypeError'")
    plain = observed(exit_status=3, stderr="gone\n")
    expect = [Expectation(outcome=("error",), exception="^gone$")]
    assert judged(plain, expect=expect).as_expected


def test_an_exception_is_not_asked_of_another_outcome(judged: Callable[..., Trial]) -> None:
    expect = [Expectation(outcome=("error", "ok"), exception="TypeError")]
    assert judged(observed(), expect=expect).as_expected


def test_the_output_must_be_like_the_expected_one(judged: Callable[..., Trial]) -> None:
    expect = [Expectation(outcome=("ok",), stdout="^default: fork$")]
    assert judged(observed(stdout="a\ndefault: fork\nb\n"), expect=expect).as_expected
    trial = judged(observed(stdout="default: forkserver\n"), expect=expect)
    assert (trial.as_expected, trial.reason) == (
        False,
        "expected stdout like '^default: fork$'",
    )


def test_the_method_used_must_be_the_expected_one(judged: Callable[..., Trial]) -> None:
    expect = [Expectation(outcome=("ok",), method_used=("spawn",))]
    used = observed(starts=(start(method="spawn"),))
    assert judged(used, expect=expect, force=False, method="default").as_expected
    trial = judged(observed(), expect=expect, force=False)
    assert trial.reason == "expected the program to use spawn, it used none"


# --- the method that was asked for ---------------------------------------------------------------


def test_a_program_that_uses_another_method_is_not_as_asked(judged: Callable[..., Trial]) -> None:
    seen = observed(forced=True, starts=(start(method="fork"), start(method="spawn")))
    trial = judged(seen, method="spawn")
    assert not trial.as_expected
    assert trial.reason == "asked for spawn, the program used fork at program.py:9"
    assert trial.method_used == ("fork", "spawn")
    assert judged(seen, method="spawn", force=False).as_expected
    assert judged(seen, method="default").as_expected


def test_a_method_that_was_not_forced_is_not_as_asked(judged: Callable[..., Trial]) -> None:
    trial = judged(observed(forced=False))
    assert not trial.as_expected
    assert trial.reason.startswith("fork was not forced: the interpreter did not load")
    assert judged(observed(forced=False), force=False).as_expected
    assert judged(observed(forced=None)).as_expected


def test_what_is_wrong_is_reported_before_what_was_not_as_asked(
    judged: Callable[..., Trial],
) -> None:
    seen = observed(exit_status=2, starts=(start(method="fork"),))
    assert judged(seen, method="spawn").reason == "exit status 2; expected ok"


# --- a user's program --------------------------------------------------------------------------

WORK = "/scratch/trial-1/work"


@pytest.fixture
def of_program(environment: Environment) -> Callable[..., Trial]:
    def of_program(seen: Observation, method: Method = "spawn", **said: Any) -> Trial:
        program = Program(
            kind="script", name="p.py", target="tools/p.py", root="/home/me", cwd="tools", **said
        )
        cell = Cell(experiment="p.py", environment=environment.name, method=method)
        return judge_program(program, cell, 0, seen, "startlab run")

    return of_program


def test_a_program_that_ends_with_0_is_ok_whatever_it_prints(
    of_program: Callable[..., Trial],
) -> None:
    trial = of_program(observed(stdout="b\na\n", work=WORK))
    assert (trial.outcome, trial.as_expected, trial.expected) == ("ok", True, ("ok",))
    assert (trial.program, trial.stdout) == ("python p.py", "b\na\n")
    assert trial.output_group is None


def test_only_an_output_that_was_said_can_be_wrong(of_program: Callable[..., Trial]) -> None:
    seen = observed(stdout="b\na\n", work=WORK)
    assert of_program(seen, stdout="a\nb\n").outcome == "ok"
    trial = of_program(seen, stdout="a\nc\n")
    assert (trial.outcome, trial.as_expected) == ("wrong", False)
    assert trial.reason == "the lines of stdout are not as they should be: missing 'c'; extra 'b'"


def test_a_program_that_chooses_another_exit_status_fails(
    of_program: Callable[..., Trial],
) -> None:
    trial = of_program(observed(exit_status=3, stderr="no rows\n"))
    assert (trial.outcome, trial.reason) == ("error", "exit status 3: no rows")
    assert trial.exception is None


@pytest.mark.parametrize(
    ("file", "where"),
    [
        (f"{WORK}/tools/p.py", "tools/p.py:5"),
        ("p.py", "tools/p.py:5"),  # as Python 3.8 and older name it
        ("../lib/q.py", "lib/q.py:5"),
        ("/usr/lib/python3.12/queue.py", None),
        ("<string>", None),
        ("C:\\Python\\x.py", None),
    ],
)
def test_lines_are_reported_relative_to_the_programs_folder(
    of_program: Callable[..., Trial], file: str, where: str | None
) -> None:
    text = f'Traceback (most recent call last):\n  File "{file}", line 5, in f\nKeyError: 1\n'
    trial = of_program(observed(exit_status=1, stderr=text, work=WORK))
    assert trial.where == where
    assert trial.exception == PythonException(type="KeyError", message="1")


def test_the_paths_of_a_trial_are_not_in_its_record(of_program: Callable[..., Trial]) -> None:
    seen = observed(
        stdout=f"{WORK}/out.txt {WORK} /scratch/trial-1/tmp/x\n",
        starts=(Start(pid=1, method="spawn", time_s=0.1, where=f"{WORK}/tools/p.py:9"),),
        clues=(
            PinnedMethod(method="fork", by="get_context", where=f"{WORK}/tools/p.py:3"),
            InheritedHandler(signal="SIGTERM", handler=f"stop at {WORK}/tools/p.py:3"),
        ),
        work=WORK,
    )
    trial = of_program(seen)
    assert trial.stdout == "out.txt . $TMPDIR/x\n"
    assert trial.starts[0].where == "tools/p.py:9"
    assert trial.clues == (
        PinnedMethod(method="fork", by="get_context", where="tools/p.py:3"),
        InheritedHandler(signal="SIGTERM", handler="stop at tools/p.py:3"),
    )


def test_events_that_were_dropped_are_counted_and_told(of_program: Callable[..., Trial]) -> None:
    trial = of_program(observed(dropped_events=3))
    assert trial.dropped_events == 3
    assert [note for note in trial.notes if "3 events from inside" in note]
    assert not of_program(observed()).notes


def test_outputs_with_the_ids_and_times_of_a_trial_have_one_shape(
    of_program: Callable[..., Trial],
) -> None:
    def trial(pid: int, text: str) -> Trial:
        started = Start(pid=pid, method="spawn", time_s=0.1, child=pid + 1)
        return of_program(observed(stdout=text, starts=(started,), pids=(pid, pid + 2)))

    one = trial(4100, "worker 4101 of 4102: <object at 0x7f11aa22> in 0.51 s at 10:11:12\n")
    two = trial(5200, "worker 5201 of 5202: <object at 0x7f33bb44> in 1.2 s at 11:00:00\n")
    assert one.stdout_digest != two.stdout_digest
    assert one.stdout_shape == two.stdout_shape
    assert trial(12, "total 12\n").stdout_shape != trial(13, "total 13\n").stdout_shape
    assert trial(4100, "total 7\n").stdout_shape != trial(4100, "total 8\n").stdout_shape


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("67 passed in 13.07s", "67 passed in 73.49s (0:01:13)"),
        ("all of it took 4.013", "all of it took 51.2"),
        ("Elapsed: 0.25", "Elapsed: 1.5"),
        ("ForkPoolWorker-3: done", "SpawnPoolWorker-1: done"),
        ("ForkPoolWorker-3: done", "ForkServerPoolWorker-12: done"),
        ("by ForkPoolWorker-3        of 4", "by ForkServerPoolWorker-2 of 4"),
        ("Process-2 Process-1:2", "Process-3 SpawnProcess-4"),
        ("<ForkProcess name='ForkProcess-1'>", "<SpawnProcess name='SpawnProcess-2'>"),
        ("in Thread-3 (handle) of SyncManager-1", "in Thread-4 of SyncManager-2"),
        ("ThreadPoolExecutor-0_1", "ThreadPoolExecutor-0_0"),
        ("start method: fork", "start method: spawn"),
        ("<class '__main__.Task'>", "<class '__mp_main__.Task'>"),
        (
            "run 7f1c2a90-1b2c-4d3e-8f90-0123456789ab",
            "run 11112222-3333-4444-8555-666677778888",
        ),
        ("in $TMPDIR/clips-ab12_x9z/intro", "in $TMPDIR/clips-q0w9e8r7/intro"),
        ("['$TMPDIR/tmpab12_x9z.txt']", "['$TMPDIR/tmpq0w9e8r7.txt']"),
    ],
)  # fmt: skip
def test_the_names_that_the_library_gives_are_no_difference(
    one: str, two: str, of_program: Callable[..., Trial]
) -> None:
    shapes = {of_program(observed(stdout=f"{text}\n")).stdout_shape for text in (one, two)}
    assert len(shapes) == 1


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("ForkPoolWorker-3: 4", "ForkPoolWorker-3: 5"),
        ("book-A-17", "book-A-18"),
        ("Stage-1", "Stage-2"),
        ("ForkPoolWorker-3", "MainProcess"),
        ("in $TMPDIR/clips-ab12_x9z/intro", "in $TMPDIR/clips-ab12_x9z/outro"),
        ("digest 7f1c2a901b2c4d3e", "digest 1111222233334444"),
    ],
)
def test_other_names_are(one: str, two: str, of_program: Callable[..., Trial]) -> None:
    shapes = {of_program(observed(stdout=f"{text}\n")).stdout_shape for text in (one, two)}
    assert len(shapes) == 2


def test_a_method_that_was_not_forced_is_not_as_expected(of_program: Callable[..., Trial]) -> None:
    trial = of_program(observed(forced=False))
    assert (trial.outcome, trial.as_expected) == ("ok", False)
    assert "spawn was not forced" in trial.reason
    assert of_program(observed(forced=False), method="default").as_expected


def test_unseen_exceptions_are_a_note(of_program: Callable[..., Trial]) -> None:
    text = (TRACEBACKS / "child-spawn-3.14.txt").read_text("utf-8")
    trial = of_program(observed(stderr=text))
    assert trial.outcome == "ok"
    assert trial.notes[-1].startswith("exit status 0 in spite of ")


@pytest.mark.parametrize("grade", ["busy", "quiescent"])
@pytest.mark.parametrize(
    ("platform", "load", "outcome"),
    [("darwin", 20.0, "undecided"), ("darwin", 0.5, "hang"), ("linux", 20.0, "hang")],
)
def test_where_nobody_sees_who_waits_for_a_core_a_loaded_machine_decides_nothing(
    judged: Callable[..., Trial], grade: Any, platform: str, load: float, outcome: str
) -> None:
    seen = observed("limit", None, grade=grade, limit_s=10.0, sys_platform=platform, load=load)
    trial = judged(seen)
    assert trial.outcome == outcome
    assert ("20.0 processes wanted each core" in trial.reason) == (outcome == "undecided")


@pytest.mark.parametrize(("idle_s", "outcome"), [(9.0, "hang"), (7.0, "undecided")])
def test_a_process_that_used_no_core_for_many_turns_was_not_waiting_for_one(
    judged: Callable[..., Trial], idle_s: float, outcome: str
) -> None:
    seen = observed("limit", None, limit_s=10.0, sys_platform="darwin", load=4.0)
    seen = msgspec.structs.replace(seen, grade="quiescent", idle_s=idle_s)
    assert judged(seen).outcome == outcome


def test_a_pool_that_can_hear_no_more_hangs_on_a_loaded_machine_too(
    of_program: Callable[..., Trial],
) -> None:
    text = 'Exception in thread Thread-3:\n  File "/x/pool.py", line 576, in _handle_results\n'
    seen = observed("limit", None, grade="busy", limit_s=60.0, starved_s=50.0, stderr=text)
    assert of_program(seen).outcome == "hang"
    assert of_program(msgspec.structs.replace(seen, stderr=Stream())).outcome == "undecided"

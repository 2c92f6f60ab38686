"""A run on the terminal, from runs written by hand."""

from __future__ import annotations

import io
import itertools
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from startlab.diagnosis import diagnose
from startlab.model import (
    SCHEMA_VERSION,
    Cell,
    End,
    Method,
    PlannedEnvironment,
    Program,
    PythonException,
    Run,
    RunHeader,
    Selection,
    Start,
    Trial,
)
from startlab.report import prose, table, terminal
from startlab.results import diff, output_groups

HEADER = RunHeader(
    id="x", schema_version=SCHEMA_VERSION,
    startlab="0", catalogue="0", started="", backend="native",
    selection=Selection(),
)  # fmt: skip


def cell(experiment: str = "lock", environment: str = "host-3.13", method: Method = "fork") -> Cell:
    return Cell(experiment=experiment, environment=environment, method=method)


def trial(of: Cell, outcome: Any = "ok", number: int = 0, **said: Any) -> Trial:
    values: dict[str, Any] = {"reason": "", "as_expected": True, "expected": (outcome,)} | said
    return Trial(
        experiment=of.experiment, environment=of.environment, method=of.method,
        trial=number, outcome=outcome, **values,
    )  # fmt: skip


def run_of(cells: list[Cell], *trials: Trial) -> Run:
    names = dict.fromkeys(each.environment for each in cells)
    return Run(
        header=HEADER,
        environments=tuple(
            PlannedEnvironment(name=n, cells=tuple(c for c in cells if c.environment == n))
            for n in names
        ),
        trials=trials,
        ends=(End(finished="", duration_s=1.5), End(finished="", duration_s=1)),
    )


def shown(run: Run, *, width: int = 100, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace")
    terminal.show(run, diagnose(run), Console(file=file, width=width))
    file.flush()
    return raw.getvalue().decode(encoding)


def test_all_as_expected() -> None:
    cells = [cell(), cell(method="spawn")]
    text = shown(run_of(cells, trial(cells[0], "hang"), trial(cells[1])))
    assert "2 cells in 2.5 s: all as expected" in text
    assert "hang" in text
    assert "HANG" not in text
    assert "Not as expected" not in text


def test_a_deviation_is_loud_and_told_again_with_reason_place_and_command() -> None:
    each = cell()
    text = shown(
        run_of([each], trial(each, "error", as_expected=False, reason="KeyError: 3; expected ok",
                             where="program.py:7", reproduce="startlab lab --env host-3.13"))
    )  # fmt: skip
    assert "ERROR" in text
    for part in ("lock × host-3.13 × fork", "KeyError: 3; expected ok", "program.py:7",
                 "startlab lab --env host-3.13",
                 "1 cell in 2.5 s: 1 not as expected"):  # fmt: skip
        assert part in text


def test_what_is_missing_is_as_loud_as_a_deviation() -> None:
    text = shown(run_of([cell(), cell("other")], trial(cell())))
    assert "MISSING" in text
    assert "1 not as expected, 1 of them missing" in text
    assert "planned, and never run" in text


def test_several_trials_are_k_of_n_and_the_deviating_one_speaks() -> None:
    each = cell()
    trials = [trial(each, "ok", n) for n in range(3)]
    trials.append(trial(each, "hang", 3, as_expected=False, reason="at 3"))
    text = shown(run_of([each], *trials))
    assert "HANG 1/4" in text
    assert "at 3" in text


def test_a_narrow_terminal_gets_several_tables_and_loses_nothing() -> None:
    cells = [cell(environment=f"host-3.{minor}") for minor in range(6, 16)]
    for width in (40, 60, 100, 300):
        text = shown(run_of(cells, *map(trial, cells)), width=width)
        assert text.count("ok") == 10
        assert all(len(line) <= width for line in text.splitlines())
        for minor in range(6, 16):
            assert f"3.{minor}" in text


def test_deviating_experiments_come_first() -> None:
    cells = [cell("aaa"), cell("zzz")]
    text = shown(run_of(cells, trial(cells[0]), trial(cells[1], "wrong", as_expected=False)))
    assert text.index("zzz") < text.index("aaa")


def test_a_terminal_without_unicode_is_no_trouble() -> None:
    cells = [cell(), cell("other")]
    text = shown(run_of(cells, trial(cells[0]), trial(cells[1], "crash", as_expected=False)),
                 encoding="ascii")  # fmt: skip
    assert "ok" in text
    assert "CRASH" in text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain\ntext", "plain\ntext"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x07\r\t", "\\x07\\r\\t"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("é ∞", "é ∞"),
    ],
)
def test_a_programs_text_does_nothing_to_the_terminal(text: str, safe: str) -> None:
    assert terminal.printable(text) == safe


def test_markup_in_a_reason_is_text() -> None:
    each = cell()
    text = shown(
        run_of([each], trial(each, "error", as_expected=False, reason="[bold]x[/] [1, 2]"))
    )
    assert "[bold]x[/] [1, 2]" in text


def test_a_follower_tells_of_a_failing_cell_once_and_of_the_end_of_an_environment() -> None:
    file = io.StringIO()
    cells = [cell(), cell("other")]
    with terminal.Follower(Console(file=file, width=200), trials=2) as follower:
        follower.planned(PlannedEnvironment(name="host-3.13", cells=tuple(cells)))
        follower.began(cells[0])
        for number in (0, 1):
            failed = trial(cells[0], "hang", number, as_expected=False, where="lock\x1b.py:7")
            follower.ended(failed)
            assert file.getvalue() == "hang: lock × host-3.13 × fork at lock\\x1b.py:7\n"
        for number in (0, 1):
            follower.ended(trial(cells[1], number=number))
        assert "host-3.13: all cells done" in file.getvalue()


def test_a_follower_says_which_environment_is_unavailable_and_why() -> None:
    file = io.StringIO()
    with terminal.Follower(Console(file=file, width=200)) as follower:
        follower.planned(
            PlannedEnvironment(name="linux-9.9", cells=(), unavailable="no such image")
        )
    assert "linux-9.9: unavailable: no such image" in file.getvalue()


def test_many_cells_are_a_glyph_each_with_a_legend() -> None:
    cells = [
        cell(f"experiment_{number}", name, method)
        for number in range(31)
        for name in ("host-3.9", "linux-musl-3.14")
        for method in ("fork", "spawn")
    ]
    trials = [trial(each) for each in cells[:-2]]
    trials.append(trial(cells[-2], "hang", as_expected=False, reason="waits"))
    text = shown(run_of(cells, *trials), width=60)
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines[:3] == [
        "                   linux",
        "              host musl",
        "experiment    3.9  3.14",
    ]
    assert lines[3] == "experiment_30 ✓✓   HM"
    assert lines[4] == "experiment_0  ✓✓   ✓✓"
    assert "In each cell fork, spawn: ✓ ok, H HANG, M MISSING." in " ".join(lines)
    assert "experiment_30 × linux-musl-3.14 × fork: hang" in text
    plain = shown(run_of(cells, *trials), width=60, encoding="ascii")
    assert "experiment_30 ++   HM" in plain


def test_more_experiments_than_anybody_reads_are_counted() -> None:
    cells = [cell(f"x{number}", method=m) for number in range(300) for m in ("fork", "spawn")]
    text = shown(run_of(cells, *map(trial, cells)))
    assert "and 100 more experiments; report.html has all" in text
    assert len(text.splitlines()) < 220


PROGRAM = Program(
    kind="script", name="lock", target="lock", root="/nowhere",
    sources={"lock": "import os\n\ndef work():\n    do()\n\n\nwork()\n"},
)  # fmt: skip


def of_program(*trials: Trial, **said: Any) -> Run:
    """Make a run of a user's program."""
    cells = list(dict.fromkeys(each.cell for each in trials))
    header = msgspec.structs.replace(HEADER, program=PROGRAM)
    return output_groups.grouped(
        msgspec.structs.replace(run_of(cells, *trials), header=header, **said)
    )


def ended(of: Cell, output: str, number: int = 0, **said: Any) -> Trial:
    return trial(
        of, "ok", number, program="lock", stdout=output, stdout_digest=output, stdout_shape=output,
        method_used=() if of.method == "default" else (of.method,), **said,
    )  # fmt: skip


def test_outputs_that_differ_are_an_outcome_with_a_letter_and_a_legend() -> None:
    text = shown(of_program(ended(cell(), "1"), ended(cell(method="spawn"), "2")))
    assert "≠ differs A" in text
    assert "≠ differs B" in text
    assert "✓" not in text
    assert "Same letter, same output." in text
    assert "2 cells in 2.5 s: 2 differs" in text


def test_a_cell_whose_trials_differ_has_all_their_letters() -> None:
    trials = [ended(cell(), str(number), number) for number in range(2)]
    assert "≠ differs A,B" in shown(of_program(*trials))
    trials = [ended(cell(), str(number), number) for number in range(4)]
    assert "≠ differs A,B,…" in shown(of_program(*trials))


def test_a_cell_that_ended_with_0_although_a_child_failed_is_marked() -> None:
    failed = (Start(pid=1, method="fork", time_s=0, child=2, exit_code=1),)
    ended_on_purpose = (Start(pid=1, method="spawn", time_s=0, child=2, exit_code=-15),)
    run = of_program(
        ended(cell(), "1", starts=failed),
        ended(cell(method="spawn"), "1", starts=ended_on_purpose),
    )
    text = shown(run)
    assert text.count("✓ ok †") == 1
    assert "† something failed in a child, but the program exited with status 0." in text
    assert "ok *" in shown(run, encoding="ascii")


def test_a_finding_says_why_what_to_do_and_how_to_reproduce_it_in_this_order() -> None:
    trials = [ended(cell(), str(number), number, reproduce="startlab run x") for number in range(2)]
    lines = shown(of_program(*trials)).splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith("1. "))
    parts = [line[:13].strip() for line in lines[first + 1 :] if line.startswith("   ")]
    assert parts == ["Why", "Certainty", "What to do", "Read more", "Reproduce"]


def test_a_finding_shows_its_line_with_two_around_it() -> None:
    failed = trial(cell(), "wrong", as_expected=False, program="lock", reason="boom",
                   where="lock:4", reproduce="startlab run lock")  # fmt: skip
    lines = shown(of_program(failed)).splitlines()
    at = lines.index("   lock:4")
    assert lines[at : at + 6] == [
        "   lock:4",
        "        2 |",
        "        3 | def work():",
        "   >    4 |     do()",
        "        5 |",
        "        6 |",
    ]
    assert lines[at - 1].startswith("1. Prints something else than expected under fork: boom")
    assert lines[at + 8] == "   Reproduce  startlab run lock"
    assert lines[-1] == "Breaks under fork; forkserver and spawn were not tried; fix lock:4."


def on_terminal(run: Run, width: int) -> str:
    file = io.StringIO()
    terminal.show(
        run, diagnose(run), Console(file=file, force_terminal=True, color_system=None, width=width)
    )
    return file.getvalue()


WORDS = ("the", "children", "never", "see", "what", "is", "changed", "there")


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_on_a_terminal_text_wraps_at_words_and_in_a_pipe_it_does_not(width: int) -> None:
    failed = trial(
        cell(), "wrong", as_expected=False, program="lock", reason=" ".join(WORDS * 9),
        reproduce="startlab run --backend native --env host-3.13 x.py # 3.13",
    )  # fmt: skip
    run = of_program(failed)
    lines = on_terminal(run, width).splitlines()
    assert all(len(line) <= width for line in lines)
    first = next(at for at, line in enumerate(lines) if line.startswith("1. "))
    said = " ".join(lines[first:]).split()
    assert said.count("children") == 9
    assert [word for word in said if word in WORDS][: 9 * len(WORDS)] == list(WORDS * 9)
    piped = shown(run, width=width).splitlines()
    assert f"1. Prints something else than expected under fork: {' '.join(WORDS * 9)}" in piped


BASH = shutil.which("bash") or ""


@pytest.mark.skipif(not BASH, reason="there is no bash")
@pytest.mark.parametrize("width", range(24, 100, 7))
def test_a_command_that_is_wrapped_runs_as_it_stands(width: int) -> None:
    command = "printf %s_ run --env 'host 3.13' \"it is\" here lock.py -- --deep # cpython 3.13"
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system=None, width=width)
    prose.say_command(console, command, indent=4)
    lines = file.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    bash = subprocess.run([BASH, "-c", file.getvalue()], capture_output=True, check=True)
    assert bash.stdout == b"run_--env_host 3.13_it is_here_lock.py_--_--deep_"
    assert lines[-1].lstrip().startswith("# "), "no shell takes it for arguments"


def test_the_last_line_is_the_verdict_and_bold() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system="truecolor", width=100)
    run = of_program(ended(cell(), "1"))
    terminal.show(run, diagnose(run), console, Path("runs/x"))
    lines = file.getvalue().splitlines()
    assert lines[-1] == "\x1b[1mSafe under fork; forkserver and spawn were not tried.\x1b[0m"
    assert any(f"The run is in {Path('runs/x')}." in line for line in lines[:-1])


def test_what_could_not_be_read_is_told() -> None:
    run = msgspec.structs.replace(run_of([cell()], trial(cell())), caveats=("a \x1b line",))
    assert "! a \\x1b line" in shown(run)


def test_a_diff_tells_each_change_once_with_the_environments() -> None:
    cells = [cell(environment=f"host-3.{minor}") for minor in (13, 9)]
    old = run_of(cells, *map(trial, cells))
    new = run_of(cells, *(trial(c, "hang", as_expected=False, reason="waits") for c in cells))
    file = io.StringIO()
    terminal.show_diff(diff.compare(old, new), Console(file=file, width=100))
    assert "Worse (2)\nlock × fork: was ok, now hangs: host-3.9, host-3.13\n" in file.getvalue()
    assert "0 cells unchanged, 2 worse" in file.getvalue()


def test_a_diff_shows_no_control_character_of_an_exception() -> None:
    each = cell()
    strange = PythonException(type="Odd\x1b[2J", message="")
    old = run_of([each], trial(each, "hang", as_expected=False, reason="", exception=strange))
    new = run_of([each], trial(each, "hang", as_expected=False, reason=""))
    file = io.StringIO()
    terminal.show_diff(diff.compare(old, new), Console(file=file, width=100))
    assert "hung (Odd\\x1b[2J), now hangs (no exception): host-3.13" in file.getvalue()


# --- colours -----------------------------------------------------------------------------------

LEGIBLE = {"0", "1", "2", "31", "32", "35"}
"""Reset, bold, dim, red, green, magenta: to be read on white and on black."""


def test_colours_are_legible_on_a_light_and_on_a_dark_background() -> None:
    names = [f"e{number}" for number in range(len(table.STYLES) * 2)]
    cells = [cell(name) for name in names]
    outcomes = [each for each in table.STYLES if each != "missing"]
    trials = [
        trial(of, outcome, as_expected=expected, reason="why", reproduce="startlab lab -x e")
        for of, (outcome, expected) in zip(
            cells, itertools.product(outcomes, (True, False)), strict=False
        )
    ]
    run = run_of(cells, *trials)  # the last cells are missing
    many = run_of([cell(f"e{number}") for number in range(200)])
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system="truecolor", width=100)
    for each in (run, many):
        terminal.show(each, diagnose(each), console)
    terminal.show_diff(diff.compare(run, many), console)
    terminal.show_diff(diff.compare(many, run), console)
    codes = re.findall(r"\x1b\[([0-9;]*)m", file.getvalue())
    assert {"1", "2", "31", "32", "35"} <= {code for each in codes for code in each.split(";")}
    assert {code for each in codes for code in each.split(";")} <= LEGIBLE

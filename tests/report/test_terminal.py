"""A run on the terminal, from runs written by hand."""

from __future__ import annotations

import io
import itertools
import re
from typing import Any

import msgspec
import pytest
from rich.console import Console

from startlab.model import (
    Cell,
    End,
    Method,
    PlannedEnvironment,
    PythonException,
    Run,
    RunHeader,
    Selection,
    Trial,
)
from startlab.report import table, terminal
from startlab.results import diff

HEADER = RunHeader(
    id="x", schema_version=1, startlab="0", catalogue="0", started="", backend="native",
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
    terminal.show(run, Console(file=file, width=width))
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
                 "1 cells in 2.5 s: 1 not as expected"):  # fmt: skip
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


def test_a_follower_tells_of_deviations_at_once_and_of_the_end_of_an_environment() -> None:
    file = io.StringIO()
    cells = [cell(), cell("other")]
    with terminal.Follower(Console(file=file, width=200)) as follower:
        follower.planned(PlannedEnvironment(name="host-3.13", cells=tuple(cells)))
        follower.began(cells[0])
        follower.ended(trial(cells[0], "hang", as_expected=False, reason="waits\x1b"))
        assert "lock × host-3.13 × fork: hang: waits\\x1b" in file.getvalue()
        assert "all cells run" not in file.getvalue()
        follower.ended(trial(cells[1]))
        assert "host-3.13: all cells run" in file.getvalue()


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


def test_outputs_that_disagree_are_told_apart() -> None:
    cells = [cell(), cell(method="spawn")]
    said: dict[str, Any] = {"as_expected": False, "reason": "prints A"}
    text = shown(run_of(cells, trial(cells[0], output_group="A", **said),
                        trial(cells[1], output_group="B", **said)))  # fmt: skip
    assert "✓ OK, PRINTS A" in text
    assert "✓ OK, PRINTS B" in text


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
    assert "0 cells as they were, 2 worse" in file.getvalue()


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
        terminal.show(each, console)
    terminal.show_diff(diff.compare(run, many), console)
    terminal.show_diff(diff.compare(many, run), console)
    codes = re.findall(r"\x1b\[([0-9;]*)m", file.getvalue())
    assert {"1", "2", "31", "32", "35"} <= {code for each in codes for code in each.split(";")}
    assert {code for each in codes for code in each.split(";")} <= LEGIBLE

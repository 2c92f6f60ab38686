"""A run while it goes, on terminals of many kinds."""

from __future__ import annotations

import io
import os
import re
import select
import subprocess
import sys
from typing import Any

import pytest
from rich.console import Console

from startlab.model import PlannedEnvironment
from startlab.report.durations import Durations
from startlab.report.live import Follower


def drawn(follower: Follower, console: Console) -> list[str]:
    with console.capture() as capture:
        console.print(follower._view())
    return [line.rstrip() for line in capture.get().splitlines()]


def follower_of(
    make: Any, tmp_path: Any, cells: list[Any], **said: Any
) -> tuple[Follower, Console]:
    size: dict[str, Any] = {"width": 80, "height": 24} | {
        key: said.pop(key) for key in ("width", "height") if key in said
    }
    console = Console(file=io.StringIO(), legacy_windows=False, **size)
    follower = Follower(console, durations=Durations(tmp_path / "durations.json"), **said)
    for planned in make.run(cells).environments:
        follower.planned(planned)
    return follower, console


def test_cells_fill_in(make: Any, tmp_path: Any) -> None:
    cells = [make.cell(x, e, m) for x in ("lock", "other") for e in ("host-3.9", "linux-musl-3.14")
             for m in ("fork", "spawn")]  # fmt: skip
    follower, console = follower_of(make, tmp_path, cells)
    assert drawn(follower, console)[:5] == [
        "                linux",
        "           host musl",
        "experiment 3.9  3.14",
        "lock",
        "other",
    ]
    follower.began(cells[0])
    follower.ended(make.trial(cells[0]))
    follower.ended(make.deviation(cells[1], "hang"))
    follower.began(cells[2])
    follower.ended(make.trial(cells[6], "unsupported"))
    lines = drawn(follower, console)
    assert lines[3:5] == ["lock       ✓H   ▸", "other           ·"]
    assert "3/8" in lines[-1]
    assert re.search(r"about \d:\d\d left", lines[-1])


def test_a_deviation_is_not_covered_by_a_later_trial(make: Any, tmp_path: Any) -> None:
    each = make.cell()
    follower, console = follower_of(make, tmp_path, [each], trials=3)
    follower.ended(make.deviation(each, "crash", 0))
    follower.ended(make.trial(each, "ok", 1))
    assert drawn(follower, console)[-2].split() == ["lock", "C"]
    assert "0/1" in drawn(follower, console)[-1]
    follower.ended(make.trial(each, "ok", 2))
    assert "1/1" in drawn(follower, console)[-1]


def test_a_resumed_run_begins_with_what_it_has(make: Any, tmp_path: Any) -> None:
    cells = [make.cell(), make.cell("other")]
    follower, console = follower_of(make, tmp_path, cells, earlier=[make.trial(cells[0])])
    assert "1/2" in drawn(follower, console)[-1]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (40, 12), (30, 8), (80, 5)])
def test_a_screen_too_small_shows_what_is_busy_and_counts_the_rest(
    make: Any, tmp_path: Any, width: int, height: int
) -> None:
    cells = [make.cell(f"experiment_{n}", f"host-3.{m}") for n in range(50) for m in range(30)]
    follower, console = follower_of(make, tmp_path, cells, width=width, height=height)
    for number in range(0, 1500, 7):
        follower.began(cells[number])
    lines = drawn(follower, console)
    assert len(lines) < height
    assert all(len(line) <= width for line in lines)
    assert "0/1500" in lines[-1]
    if height > 8:
        assert any("▸" in line for line in lines)
        assert re.search(r"and \d+ more experiments, \d+ more enviro", "\n".join(lines))


def test_the_time_that_is_left_is_learnt_from_earlier_runs(make: Any, tmp_path: Any) -> None:
    cells = [make.cell(f"x{n}") for n in range(8)]
    first, _ = follower_of(make, tmp_path, cells)
    with first:
        for each in cells:
            first.ended(make.trial(each, duration_s=30.0))
    second, _ = follower_of(make, tmp_path, cells)
    assert second._left_s() == pytest.approx(8 * 30 / (os.cpu_count() or 1), rel=0.1)
    other, _ = follower_of(make, tmp_path / "elsewhere", cells)
    assert other._left_s() < 20


def test_in_a_pipe_an_environment_is_a_line(make: Any) -> None:
    file = io.StringIO()
    cells = [make.cell(), make.cell(method="spawn")]
    with Follower(Console(file=file, width=200), trials=2) as follower:
        follower.planned(PlannedEnvironment(name="host-3.13", cells=tuple(cells)))
        for number in (0, 1):
            follower.ended(make.trial(cells[0], number=number))
            assert "all cells done" not in file.getvalue()
        follower.ended(make.trial(cells[1], "unsupported"))
    assert file.getvalue().startswith("host-3.13: all cells done after 0.")
    assert file.getvalue().count("\n") == 1


def test_an_environment_whose_cells_are_found_as_it_goes_is_done_once(make: Any) -> None:
    file = io.StringIO()
    cells = [make.cell(), make.cell(method="spawn")]
    first, both = (PlannedEnvironment(name="host-3.13", cells=tuple(cells[:n])) for n in (1, 2))
    with Follower(Console(file=file, width=200)) as follower:
        follower.planned(first, more=True)
        follower.ended(make.trial(cells[0]))
        follower.planned(both, more=True)
        assert follower._left == {cells[0]: 0, cells[1]: 1}
        follower.ended(make.trial(cells[1]))
        assert file.getvalue() == ""
        follower.planned(both)
    assert file.getvalue().startswith("host-3.13: all cells done after 0.")
    assert file.getvalue().count("\n") == 1


FOLLOWED = """
import sys
from rich.console import Console
from startlab.model import Cell, PlannedEnvironment, Trial
from startlab.report.live import Follower
cells = tuple(Cell(experiment="lock", environment="host-3.13", method=m) for m in ("fork", "spawn"))
with Follower(Console(stderr=True)) as follower:
    follower.planned(PlannedEnvironment(name="host-3.13", cells=cells))
    follower.ended(Trial(experiment="lock", environment="host-3.13", method="fork", trial=0,
        outcome="hang", reason="waits", where="lock.py:7", as_expected=False, expected=None))
    follower._live.refresh()
print("over")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are those of a Unix")
@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_on_a_real_terminal_it_draws_and_leaves_nothing_behind(variables: dict[str, str]) -> None:
    import pty

    master, slave = pty.openpty()
    environ = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24",
               "PYTHONPATH": os.pathsep.join(sys.path), "HOME": os.environ["HOME"]}  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", FOLLOWED], stdin=slave, stdout=slave, stderr=slave,
        env=environ | variables,
    ) as process:  # fmt: skip
        os.close(slave)
        said = b""
        while select.select([master], [], [], 30)[0]:
            try:
                said += os.read(master, 65536)
            except OSError:  # the other end has gone
                break
        assert process.wait(30) == 0
    os.close(master)
    text = said.decode()
    assert "hang: lock × host-3.13 × fork at lock.py:7" in text
    assert text.endswith("over\r\n")
    colours = re.findall(r"\x1b\[[\d;]*3[1-8][\d;]*m", text)
    if variables.get("TERM") == "dumb":
        assert "\x1b" not in text
    else:
        assert "1/2" in text
        assert "\x1b[2K" in text  # erased when it was over
        assert bool(colours) is ("NO_COLOR" not in variables)

"""A run while it goes."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from startlab.plan.environments import sort_key
from startlab.report import github, prose, table
from startlab.report.durations import Durations
from startlab.report.text import one_line, printable
from startlab.results.trials import cells_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from rich.console import Console, RenderableType

    from startlab.model import Cell, PlannedEnvironment, Trial

REFRESHES: Final = 4
"""A second. Drawing takes the core of a trial."""

OTHER_LINES: Final = 7
"""Of the screen: headings, the bar, what is left out, and a bit of what was before."""

PRIOR_S: Final = 2.0
"""For so long a guess of how fast the trials go weighs as much as what was seen."""


class Follower:
    """Shows a run while it goes: a table that fills in on a terminal, else a line now and then.

    `trials` is how often each cell is run; `earlier` are the trials of a run that is resumed.
    """

    def __init__(
        self,
        console: Console,
        *,
        trials: int = 1,
        earlier: Sequence[Trial] = (),
        durations: Durations | None = None,
    ) -> None:
        self._console = console
        self._lock = threading.RLock()
        self._trials = trials
        self._earlier = earlier
        self._durations = durations or Durations()
        self._began = time.monotonic()
        self._left: dict[Cell, int] = {}
        self._expected: dict[Cell, float] = {}
        self._marks: dict[Cell, table.Mark] = {}
        self._running: Counter[Cell] = Counter()
        self._failed: set[Cell] = set()
        self._growing: frozenset[str] = frozenset()
        self._touched: dict[str, int] = {}
        self._touches = 0
        self._done_s = 0.0
        self._is_live = console.is_interactive and console.file.isatty()
        self._live = Live(
            get_renderable=self._view,
            console=console,
            refresh_per_second=REFRESHES,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Follower:
        if self._is_live:
            self._live.start()
        elif github.is_here():
            self._command(github.group("Progress"))
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_live:
            self._live.stop()
        elif github.is_here():
            self._command("::endgroup::")
        self._durations.save()

    def say(self, text: str) -> None:
        """Tell the user something."""
        prose.say(self._console, printable(text))

    def planned(self, environment: PlannedEnvironment, *, more: bool = False) -> None:
        """Take in the cells of an environment that has come, and those that were added to it."""
        name = environment.name
        with self._lock:
            fresh = [cell for cell in environment.cells if cell not in self._left]
            for cell in fresh:
                self._left[cell] = self._trials
                self._expected[cell] = self._durations.expect(cell)
            known = set(fresh)
            for place, cell in enumerate(cells_of(self._earlier)):
                trial = self._earlier[place]
                if cell in known and trial.outcome != "unavailable":  # then it is tried again
                    self._count(trial)
            grew = name in self._growing
            self._growing = self._growing | {name} if more else self._growing - {name}
        if environment.unavailable:
            self.say(f"{name}: unavailable: {environment.unavailable}")
        elif grew and not more and self._is_done(name):
            self._say_done(name)

    def began(self, cell: Cell) -> None:
        """Show that a trial has begun."""
        with self._lock:
            self._running[cell] += 1
            self._touch(cell)

    def ended(self, trial: Trial) -> None:
        """Fill a cell in; tell at once, and once, of a cell that is not as expected."""
        with self._lock:
            self._running[trial.cell] -= 1
            self._done_s += self._expected.get(trial.cell, 0.0)
            self._durations.learn(trial)
            self._touch(trial.cell)
            before = self._left.get(trial.cell, 0)
            fails = not trial.as_expected and trial.outcome != "unavailable"
            news = fails and trial.cell not in self._failed
            if fails:
                self._failed.add(trial.cell)
            self._count(trial)
            last = before > 0 and self._is_done(trial.environment)
        if news:
            where = f" at {trial.where}" if trial.where else ""
            cell = f"{trial.experiment} × {trial.environment} × {trial.method}"
            line = Text(one_line(f"{trial.outcome}: {cell}{where}"))
            prose.say_shortened(self._console, line)
        if last and trial.outcome != "unavailable":
            self._say_done(trial.environment)

    def _is_done(self, environment: str) -> bool:
        return environment not in self._growing and not any(
            left for cell, left in self._left.items() if cell.environment == environment
        )

    def _say_done(self, environment: str) -> None:
        if not self._is_live:
            seconds = time.monotonic() - self._began
            self.say(f"{environment}: all cells done after {seconds:.1f} s")

    def _count(self, trial: Trial) -> None:
        cell = trial.cell
        was_run = trial.outcome not in ("unsupported", "unavailable")
        self._left[cell] = max(0, self._left.get(cell, 1) - 1) if was_run else 0
        shown = table.mark(trial.outcome, as_expected=trial.as_expected, console=self._console)
        if cell not in self._marks or self._marks[cell].style != table.UNEXPECTED:
            self._marks[cell] = shown

    def _touch(self, cell: Cell) -> None:
        """Remember what was busy last: that is what a screen too small for all shows."""
        self._touches += 1
        self._touched[cell.experiment] = self._touched[cell.environment] = self._touches

    def _command(self, command: str) -> None:
        self._console.print(Text(command), soft_wrap=True)

    # --- the view, drawn in a thread of its own -------------------------------------------------

    def _view(self) -> RenderableType:
        with self._lock:
            if not self._left:
                return Text(f"Starting, {_clock(time.monotonic() - self._began)}")
            return Group(*self._grid(), self._bar())

    def _grid(self) -> Iterable[RenderableType]:
        room = self._console.height - OTHER_LINES
        if room < 1:
            return
        methods = table.methods_of(self._left)
        every = list(dict.fromkeys(cell.experiment for cell in self._left))
        experiments = self._busiest(every, room)
        first = min(table.LONGEST_NAME, max(map(len, experiments)))
        environments = sorted({cell.environment for cell in self._left}, key=sort_key)
        names = self._fitting(environments, self._console.width - first - 1, len(methods))
        running = (cell for cell, count in self._running.items() if count > 0)
        marks = self._marks | dict.fromkeys(running, self._runs())
        yield from table.grid(marks, experiments, names, methods, self._console)[:1]
        left_out = [
            f"{count} more {what}"
            for count, what in (
                (len(every) - len(experiments), "experiments"),
                (len(environments) - len(names), "environments"),
            )
            if count
        ]
        if left_out:
            yield Text(f"and {', '.join(left_out)}", "dim", no_wrap=True, overflow="ellipsis")

    def _runs(self) -> table.Mark:
        return table.Mark(table.glyph(table.RUNNING, self._console), "bold")

    def _busiest(self, names: Collection[str], room: int) -> list[str]:
        """Choose what was busy last, in the order that everything has."""
        chosen = sorted(names, key=lambda name: -self._touched.get(name, -1))[:room]
        return [name for name in names if name in chosen]

    def _fitting(self, names: Collection[str], room: int, methods: int) -> list[str]:
        for count in range(len(names), 0, -1):
            chosen = self._busiest(names, count)
            if sum(max(table.width(name), methods) + 1 for name in chosen) <= room:
                return chosen
        return list(names)[:1]

    def _bar(self) -> RenderableType:
        total = len(self._left)
        done = sum(left == 0 for left in self._left.values())
        words = f"{done}/{total} {_clock(time.monotonic() - self._began)}"
        if done < total:
            words += f" about {_clock(self._left_s())} left"
        bar = ProgressBar(
            total=total,
            completed=done,
            width=max(4, min(24, self._console.width - len(words) - 2)),
            style="bright_black",
            complete_style="green",
            finished_style="green",
        )
        line = Table.grid(padding=(0, 1))
        line.add_column()
        line.add_column(no_wrap=True, overflow="ellipsis")
        line.add_row(bar, words)
        return line

    def _left_s(self) -> float:
        """Guess how long the rest takes, from earlier runs and from how fast this one is."""
        elapsed = time.monotonic() - self._began
        speed = (self._done_s + PRIOR_S * (os.cpu_count() or 1)) / (elapsed + PRIOR_S)
        rest = sum(self._expected[cell] * left for cell, left in self._left.items() if left)
        return rest / speed


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return (
        f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
    )

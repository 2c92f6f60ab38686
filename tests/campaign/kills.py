"""Commands that are killed at random moments: then --resume, or the same again, gives the whole.

What it gives is compared with what an uninterrupted run has given: the same trials, with the same
outcomes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from startlab.results import journal
from tests.campaign.ground import OURS, Ground, finished

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

HOW_MANY: Final = 200

SIGNALS: Final[tuple[tuple[signal.Signals, ...], ...]] = (
    (signal.SIGKILL,),
    (signal.SIGTERM,),
    (signal.SIGHUP,),
    (signal.SIGINT,),
    (signal.SIGINT, signal.SIGINT),
)

PROGRAM: Final = """
import multiprocessing, sys
class Kept:
    value = 0
def child(method):
    if method == "spawn":
        raise ValueError("meant")
    print("child", Kept.value, flush=True)
if __name__ == "__main__":
    Kept.value = 1
    process = multiprocessing.Process(target=child, args=(multiprocessing.get_start_method(),))
    process.start()
    process.join()
    sys.exit(process.exitcode)
"""

NATIVE: Final = ("--backend", "native", "-e", OURS)
LAB: Final = (
    "lab",
    *NATIVE,
    "-x",
    "countdown",
    "-x",
    "changed_global*",
    "-m",
    "fork",
    "-m",
    "spawn",
)
RUN: Final = ("run", *NATIVE, "--explain", "off")
REPORTS: Final = ("report.html", "summary.md", "junit.xml")


class Whole(NamedTuple):
    """What an uninterrupted command gives, and how long it takes."""

    status: int | None
    found: object
    took_s: float


def cases(ground: Ground, chance: random.Random) -> dict[str, Callable[[], list[str]]]:
    """Kills of each command, by each signal in turn, at moments that are spread over its time."""
    commands = (_Lab(ground), _Program(ground), _Merge(ground), _Report(ground))
    found: dict[str, Callable[[], list[str]]] = {}
    for number in range(HOW_MANY):
        command = commands[number % len(commands)]
        signals = SIGNALS[number // len(commands) % len(SIGNALS)]
        share, pause_s = chance.uniform(0.0, 1.0), chance.uniform(0.0, 0.3)
        name = f"{command.args[0]} {' '.join(each.name for each in signals)} at {share:.2f}"
        found[f"{number}: {name}"] = _case(command, signals, share, pause_s)
    return found


class _Command:
    """A command that is killed, and how it is finished afterwards."""

    args: tuple[str, ...]
    again: tuple[str, ...]
    """What finishes it."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._lock = threading.Lock()
        self._whole: Whole | None = None

    def prepare(self) -> Path:
        """Make a folder in which it can run."""
        return self.ground.new()

    def found(self, folder: Path) -> object:
        """Give what is compared."""
        run = journal.read(folder / "out")
        return Counter((t.cell, t.trial, t.outcome, t.as_expected) for t in run.trials)

    def whole(self) -> Whole:
        """Run it without a kill, once."""
        with self._lock:
            if self._whole is None:
                folder, began = self.prepare(), time.monotonic()
                done = self.ground.run(folder, *self.args)
                assert done.status in (0, 1), done
                self._whole = Whole(done.status, self.found(folder), time.monotonic() - began)
            return self._whole

    def unfinished(self, folder: Path) -> list[str]:
        """Name files that only a command that is going on may have."""
        return [str(each) for each in (folder / "out").glob(".*")]


class _Lab(_Command):
    args = (*LAB, "--out", "out")
    again = ("lab", "--resume", *args[1:])


class _Program(_Command):
    args = (*RUN, "--out", "out", "program.py")
    again = ("run", "--resume", *args[1:-1])

    def prepare(self) -> Path:
        folder = self.ground.new()
        (folder / "program.py").write_text(PROGRAM, "utf-8")
        return folder


class _Merge(_Command):
    args = ("merge", "one", "two", "--out", "out")
    again = args
    _parts: Path | None = None

    def prepare(self) -> Path:
        with _MAKING:
            if self._parts is None:
                parts = self.ground.new()
                for name, number in (("one", "1/2"), ("two", "2/2")):
                    done = self.ground.run(parts, *LAB, "--shard", number, "--out", name)
                    assert done.status == 0, done
                self._parts = parts
        folder = self.ground.new()
        for name in ("one", "two"):
            shutil.copytree(self._parts / name, folder / name)
        return folder


class _Report(_Command):
    args = (
        "report",
        "out",
        "--html",
        "report.html",
        "--markdown",
        "summary.md",
        "--junit",
        "junit.xml",
    )
    again = args
    _run: Path | None = None

    def prepare(self) -> Path:
        with _MAKING:
            if self._run is None:
                made = self.ground.new()
                done = self.ground.run(made, *LAB, "--out", "out")
                assert done.status == 0, done
                self._run = made
        folder = self.ground.new()
        shutil.copytree(self._run / "out", folder / "out")
        return folder

    def found(self, folder: Path) -> object:
        return {name: (folder / name).read_bytes() for name in REPORTS}

    def unfinished(self, folder: Path) -> list[str]:
        return [str(each) for each in folder.glob(".*")]


_MAKING = threading.RLock()


def _case(
    command: _Command, signals: tuple[signal.Signals, ...], share: float, pause_s: float
) -> Callable[[], list[str]]:
    def case() -> list[str]:
        whole, folder = command.whole(), command.prepare()
        process = command.ground.begin(folder, *command.args)
        try:
            process.wait(share * whole.took_s)
        except subprocess.TimeoutExpired:
            _send(process, signals, pause_s)
        done = finished(process)
        problems = done.complaints(*(-each for each in signals), 0, 1, 130)
        if done.status == -signal.SIGINT and len(signals) == 1:
            problems.append("it died of Ctrl-C, with no word")
        if done.status in (0, 1) and not problems and command.found(folder) != whole.found:
            problems.append("it says that it is done, and is not")
        done = command.ground.run(folder, *command.again)
        if done.status == 2 and "There is nothing to resume" in done.err:
            done = command.ground.run(folder, *command.args)
        already = done.status == 2 and "holds a run already" in done.err  # it was just done
        if not already:
            problems += done.complaints(whole.status if whole.status is not None else -1)
        if not problems:
            problems += _lacking(command.found(folder), whole.found, folder / "out")
            problems += [f"unfinished: {each}" for each in command.unfinished(folder)]
        return problems

    return case


def _send(
    process: subprocess.Popen[bytes], signals: tuple[signal.Signals, ...], pause_s: float
) -> None:
    """Send signals as a terminal does, to all of its session, or SIGKILL to startlab alone."""
    for number, each in enumerate(signals):
        if number:
            time.sleep(pause_s)
        try:
            if each == signal.SIGKILL:
                process.send_signal(each)
            else:
                os.killpg(process.pid, each)
        except ProcessLookupError:
            return


def _lacking(found: object, whole: object, run: Path) -> list[str]:
    if found == whole:
        return []
    if isinstance(found, Counter) and isinstance(whole, Counter):
        why = {
            each.reason[:300] for each in journal.read(run).trials if each.outcome == "unavailable"
        }
        others = _short(found - whole)
        return [f"lost: {_short(whole - found)}, and not in the whole: {others} {sorted(why)}"]
    return ["the reports are others than those of the whole"]


def _short(trials: Counter[Any]) -> str:
    return "; ".join(f"{cell.method} {number} {outcome}" for cell, number, outcome, _ in trials)

"""Run every experiment many times on an overloaded machine: none may flip without declaring it.

An experiment that comes out now this way, now that, and does not have both among the outcomes that
it expects, is no experiment: its hazard is not certain, or its program depends on the load. Prints
every cell that flipped or was not as expected, and exits with 1 if there was one. Run by
`nox -s soak`, or alone by `nox -s soak_catalogue [-- --trials N] [selectors of startlab lab]`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from startlab.results import journal
from startlab.results.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from startlab.model import Cell, Run


def flips(run: Run) -> Iterator[str]:
    """Tell of each cell whose trials came out in several ways that it does not all expect."""
    for each in summarise(run):
        seen = {(trial.outcome, trial.as_expected) for trial in each.trials}
        if len(seen) > 1 and not all(as_expected for _, as_expected in seen):
            counts = {
                outcome: sum(trial.outcome == outcome for trial in each.trials)
                for outcome in sorted({trial.outcome for trial in each.trials})
            }
            came_out = ", ".join(f"{outcome} {count} times" for outcome, count in counts.items())
            reason = next(trial.reason for trial in each.trials if not trial.as_expected)
            yield f"{_name(each.cell)} flips: {came_out}; {reason}"


def deviations(run: Run) -> Iterator[str]:
    """Tell of each cell that is not as expected in every one of its trials, or in its share."""
    for each in summarise(run):
        steady = {trial.as_expected for trial in each.trials} != {True, False}
        if not each.as_expected and steady:
            yield f"{_name(each.cell)} is not as expected: {each.word}; {each.reason}"


def _name(cell: Cell) -> str:
    return f"{cell.experiment} × {cell.environment} × {cell.method}"


def main() -> None:
    """Soak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20, help="of each cell")
    parser.add_argument("--busy", type=int, default=os.cpu_count(), help="processes that only load")
    asked, selectors = parser.parse_known_args()
    load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(asked.busy)]
    with tempfile.TemporaryDirectory(prefix="startlab-soak-", ignore_cleanup_errors=True) as folder:
        trials = str(asked.trials)
        command = [sys.executable, "-m", "startlab", "lab", "--backend", "native"]
        try:
            subprocess.run(
                [*command, "--trials", trials, "--out", folder, *selectors],
                check=False,
                stdout=subprocess.DEVNULL,
            )
        finally:
            for process in load:
                process.kill()
                process.wait()
        run = journal.read(Path(folder))
    found = [*flips(run), *deviations(run)]
    for each in found:
        print(each)
    print(
        f"{len(run.planned)} cells, {len(run.trials)} trials, {len(found)} cells flipped or wrong"
    )
    sys.exit(bool(found))


if __name__ == "__main__":
    main()

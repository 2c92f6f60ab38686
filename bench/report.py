"""What reading and reporting a large run costs: time and memory, by the number of cells and trials.

python bench/report.py [CELLS|CELLSxTRIALS]...
"""

from __future__ import annotations

import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from startlab.diagnosis import diagnose
from startlab.model import (
    SCHEMA_VERSION,
    START_METHODS,
    Cell,
    End,
    Outcome,
    PlannedEnvironment,
    RunHeader,
    Selection,
    Start,
    Trial,
)
from startlab.report import files
from startlab.report.formats import FORMATS
from startlab.results import journal

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENTS = tuple(f"host-3.{minor}" for minor in range(8, 28))
SIZES = ("10000", "30000", "100000", "100x100", "100x1000")
OUTCOMES: tuple[Outcome, ...] = ("ok", "ok", "ok", "hang", "error")


def main() -> None:
    """Measure each size in a process of its own, since the peak is per process."""
    for size in sys.argv[1:] or SIZES:
        cells, _, trials = size.partition("x")
        with tempfile.TemporaryDirectory() as folder:
            _make(int(cells), int(trials or 1), Path(folder))
            subprocess.run([sys.executable, __file__, "--measure", folder], check=True)


def _make(cells: int, trials: int, folder: Path) -> None:
    """Write the journal of a run in which every cell has trials that are as long as real ones."""
    each = cells // len(ENVIRONMENTS)
    with journal.Journal(folder) as book:
        book.write(RunHeader(
            id="large", schema_version=SCHEMA_VERSION, startlab="0", catalogue="0",
            started="2026-01-01", backend="native", selection=Selection(),
        ))  # fmt: skip
        for name in ENVIRONMENTS:
            planned = tuple(
                Cell(
                    experiment=f"experiment_{number // 3}",
                    environment=name,
                    method=START_METHODS[number % 3],
                )
                for number in range(each)
            )
            book.write(PlannedEnvironment(name=name, cells=planned))
            for number in range(trials):
                for trial in _trials(planned, number):
                    book.write(trial)
        book.write(End(finished="2026-01-01", duration_s=1))


def _trials(cells: tuple[Cell, ...], trial: int) -> Iterator[Trial]:
    for number, cell in enumerate(cells, trial):
        outcome = OUTCOMES[number % len(OUTCOMES)]
        digest = hashlib.sha256(str(number % 50).encode()).hexdigest()
        start = Start(
            pid=number, method=START_METHODS[number % 3], time_s=0.01 + number / 1e7,
            where="program.py:12", child=number + 1, exit_code=0, exit_s=0.03,
        )  # fmt: skip
        yield Trial(
            experiment=cell.experiment,
            environment=cell.environment,
            method=cell.method,
            trial=trial,
            outcome=outcome,
            reason="" if outcome == "ok" else f"pid {number} waits forever at program.py:12",
            as_expected=number % 100 != 0,
            expected=(outcome,),
            method_used=(START_METHODS[number % 3],),
            where=None if outcome == "ok" else "program.py:12",
            exit_status=0,
            duration_s=0.05 + number / 1e7,
            stdout_digest=digest,
            stdout_shape=digest[::-1],
            stdout="T minus 3\nT minus 2\nT minus 1\nlift-off\n" * 3,
            stderr="" if outcome == "ok" else "Traceback (most recent call last):\n" * 3,
            starts=(start, start),
            reproduce=f"startlab lab -x {cell.experiment} -e {cell.environment} -m {cell.method}",
        )


def _measure(folder: Path) -> None:
    size = (folder / journal.NAME).stat().st_size
    before = _peak_mb()
    began = time.perf_counter()
    run = journal.read(folder)
    read_s, read_mb = time.perf_counter() - began, _peak_mb()
    began = time.perf_counter()
    failed = files.write(run, diagnose(run), folder)
    write_s, write_mb = time.perf_counter() - began, _peak_mb()
    if failed:
        sys.exit("\n".join(failed))
    names = [each.file for each in FORMATS.values() if each.file is not None]
    sizes = msgspec.json.encode({name: (folder / name).stat().st_size for name in names})
    print(
        f"{len(run.planned):,} cells, {len(run.trials):,} trials, journal {size / 1e6:.0f} MB; "
        f"read {read_s:.1f} s, {read_mb - before:.0f} MB; "
        f"reports {write_s:.1f} s, {write_mb - read_mb:.0f} MB more; "
        f"peak {write_mb:.0f} MB; {sizes.decode()}"
    )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        _measure(Path(sys.argv[2]))
    else:
        main()

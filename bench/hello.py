"""What `startlab run hello.py` takes, on one interpreter under three start methods, natively.

Measured from the start of the command to its last line. With one job at a time what is not spent in
the program is startlab's own share: its start, its agents, staging, judging, the reports. Prints a
line for each, in seconds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from startlab.results import journal

HELLO = """
    import multiprocessing

    def hello():
        print("hello from", multiprocessing.current_process().name)

    if __name__ == "__main__":
        child = multiprocessing.Process(target=hello)
        child.start()
        child.join()
"""


def measure(folder: Path, *options: str) -> tuple[float, float]:
    """Run it once; return the total time, and the time spent in the program's trials."""
    own = f"host-{sys.version_info[0]}.{sys.version_info[1]}"
    argv = [sys.executable, "-m", "startlab", "run", "--backend", "native", "--env", own]
    began = time.monotonic()
    subprocess.run(
        [*argv, *options, "hello.py"], cwd=folder, check=True, capture_output=True
    )  # fmt: skip
    took = time.monotonic() - began
    run = journal.read(folder / journal.RUNS / "latest")
    if [trial.outcome for trial in run.trials] != ["ok"] * 3:
        raise SystemExit(f"hello.py was not ok: {run.trials}")
    return took, sum(trial.duration_s for trial in run.trials)


def main() -> None:
    """Measure with the default jobs and with one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    runs: int = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "hello.py").write_text(textwrap.dedent(HELLO), "utf-8")
        measure(folder)  # warms the caches
        together = [measure(folder)[0] for _ in range(runs)]
        alone = [measure(folder, "--jobs", "1") for _ in range(runs)]
    shares = [took - spent for took, spent in alone]
    print(
        f"to the last line: {statistics.median(together):.2f} s, best {min(together):.2f} s "
        f"({os.cpu_count()} jobs, median of {runs})"
    )
    print(
        f"startlab's own share: {statistics.median(shares):.2f} s, best {min(shares):.2f} s "
        f"(one job, median of {runs})"
    )


if __name__ == "__main__":
    main()

"""What watching costs: the CPU time of the agent while it watches a trial that only waits.

A program of three processes sleeps for a few seconds; the CPU time of the agent and its own
children meanwhile is its share of a core. Prints one line, in percent.
"""

from __future__ import annotations

import argparse
import time
from contextlib import closing

import psutil

from startlab.backends.native import NativeBackend
from startlab.model import Environment, Request

WAITING = """
import sys, time
from multiprocessing import Process
if __name__ == "__main__":
    for _ in range(2):
        Process(target=time.sleep, args=(float(sys.argv[1]),)).start()
    time.sleep(float(sys.argv[1]))
"""


def main() -> None:
    """Measure on the interpreter that runs this."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    asked = parser.parse_args()
    with closing(NativeBackend()) as backend:
        environment = next(iter(backend.environments(())))
        if not isinstance(environment, Environment):
            raise SystemExit(environment.reason)
        with closing(backend.agent(environment)) as agent:
            (process,) = psutil.Process().children()

            def used() -> float:
                times = process.cpu_times()
                return times.user + times.system

            argv = (environment.executable, "-c", WAITING, str(asked.seconds))
            before, began = used(), time.monotonic()
            seen = agent.run(Request(argv=argv, method="fork", timeout_s=asked.seconds + 30))
            share = (used() - before) / (time.monotonic() - began)
    print(f"watching a trial that waits (ended: {seen.ended}): {share * 100:.1f} % of a core")


if __name__ == "__main__":
    main()

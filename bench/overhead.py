"""What a trial costs beyond a bare `python program.py`, natively and in a container.

Bare runs and trials of the countdown alternate, so that both meet the same machine; what counts is
the difference of their medians. Prints one line per environment, in milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from startlab import catalogue
from startlab.backends.docker.backend import DockerBackend
from startlab.backends.docker.containers import CONTENT, Content
from startlab.backends.docker.images import BuildOptions
from startlab.backends.native import NativeBackend
from startlab.errors import StartlabError
from startlab.model import Environment, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from startlab.backends import Agent, Backend

PROGRAM = "catalogue/countdown/program.py"

BARE = """
import subprocess, sys, time
for line in sys.stdin:
    began = time.monotonic()
    subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    print(time.monotonic() - began, flush=True)
"""


def measure(environment: Environment, agent: Agent, bare: Callable[[], float], pairs: int) -> None:
    """Alternate bare runs and trials, and print what the trials cost more."""
    program = f"{agent.content}/{PROGRAM}"
    request = Request(
        argv=(environment.executable, program),
        method="fork",
        timeout_s=10,
        python=environment.executable,
    )
    bare_s, trial_s = [], []
    for pair in range(pairs + 3):
        once = bare()
        began = time.monotonic()
        agent.run(request)
        if pair >= 3:  # the first ones warm the caches
            bare_s.append(once)
            trial_s.append(time.monotonic() - began)
    median_bare, median_trial = statistics.median(bare_s), statistics.median(trial_s)
    print(
        f"{environment.name}: bare {median_bare * 1e3:.1f} ms, trial {median_trial * 1e3:.1f} ms, "
        f"overhead {(median_trial - median_bare) * 1e3:+.1f} ms (median of {pairs} pairs)"
    )


def natively(pairs: int) -> None:
    """Measure on the interpreter that runs this."""
    with closing(NativeBackend()) as backend:
        environment = first(backend)
        with closing(backend.agent(environment)) as agent:

            def bare() -> float:
                began = time.monotonic()
                command = [environment.executable, str(catalogue.ROOT.parent / PROGRAM)]
                subprocess.run(command, capture_output=True, check=True)
                return time.monotonic() - began

            measure(environment, agent, bare, pairs)


def in_a_container(pairs: int, bases: str) -> None:
    """Measure in the newest image that is there; the bare run is timed inside the container."""
    package = Path(catalogue.ROOT.parent)
    content = Content.of({name: package / name for name in ("agent", "catalogue")})
    options = BuildOptions(bases=bases)  # type: ignore[arg-type]
    with closing(DockerBackend(content=content, say=print, options=options)) as backend:
        environment = first(backend, "linux-3.13")
        command = [environment.executable, f"{CONTENT}/{PROGRAM}"]
        stream = backend.execute(environment, [environment.executable, "-c", BARE, *command])
        with closing(stream), closing(backend.agent(environment)) as agent:

            def bare() -> float:
                stream.write(b"\n")
                return float(stream.read_line())

            measure(environment, agent, bare, pairs)


def first(backend: Backend, *wanted: str) -> Environment:
    """Return the first environment of a backend that is there."""
    for environment in backend.environments(wanted):
        if isinstance(environment, Environment):
            return environment
        sys.exit(f"{environment.name}: {environment.reason}")
    raise AssertionError("a selector that matches nothing is an error")


def main() -> None:
    """Measure where it can be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--bases", choices=["auto", "hub", "debian"], default="auto")
    arguments = parser.parse_args()
    natively(arguments.pairs)
    try:
        in_a_container(arguments.pairs, arguments.bases)
    except StartlabError as error:
        print(f"not in a container: {error}")


if __name__ == "__main__":
    main()

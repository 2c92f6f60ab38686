"""The lab compared with a shell loop of `docker run` with a timeout of 12 s per cell.

Both run the same cells, those of every third experiment of the catalogue in one image, one after
the other. Prints both durations and their ratio.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from startlab import catalogue
from startlab.backends.docker.backend import DockerBackend
from startlab.backends.docker.containers import Content
from startlab.backends.docker.engine import connect
from startlab.backends.docker.images import BuildOptions
from startlab.errors import StartlabError
from startlab.model import Environment, Experiment
from startlab.plan.cells import plan_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMEOUT_S = 12
ENVIRONMENT = "linux-3.13"


def ready(bases: str) -> Environment:
    """Make the image, and return its environment."""
    options = BuildOptions(bases=bases)  # type: ignore[arg-type]
    content = Content.of({"agent": catalogue.ROOT.parent / "agent"})
    with closing(DockerBackend(content=content, say=print, options=options)) as backend:
        (environment,) = backend.environments([ENVIRONMENT])
    if not isinstance(environment, Environment):
        raise SystemExit(f"{environment.name}: {environment.reason}")
    return environment


def by_hand(environment: Environment, experiments: Sequence[Experiment]) -> tuple[float, int]:
    """Run every cell in a container of its own; return the seconds and the number of cells."""
    client = connect()
    package = str(catalogue.ROOT.parent)
    named = {each.name: each for each in experiments}
    cells = plan_cells(experiments, environment.name)
    began = time.monotonic()
    for cell in cells:
        experiment = named[cell.experiment]
        args = [arg.format(method=cell.method) for arg in experiment.args]
        variables = {"PYTHONPATH": "/startlab/agent/inject", "STARTLAB_EVENTS": "/dev/null"}
        if experiment.force and cell.method != "default":
            variables["STARTLAB_START_METHOD"] = cell.method
        program = f"/startlab/catalogue/{experiment.program}"
        container = client.containers.run(
            environment.image or "",
            ["timeout", "-k", "1", str(TIMEOUT_S), environment.executable, program, *args],
            detach=True,
            environment=variables,
            volumes={package: {"bind": "/startlab", "mode": "ro"}},
            network_mode="none",
            init=True,
        )
        container.wait()
        container.logs()
        container.remove()
    return time.monotonic() - began, len(cells)


def lab(bases: str, experiments: Sequence[Experiment]) -> float:
    """Run the same cells with startlab, also one at a time; return the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["lab", "--backend", "docker", "--bases", bases, "--env", ENVIRONMENT]
        command += ["--jobs", "1", "--out", str(Path(folder) / "run")]
        command += [word for each in experiments for word in ("--experiment", each.name)]
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "startlab", *command], capture_output=True, check=True
        )
        return time.monotonic() - began


def main() -> None:
    """Measure, where there is an engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bases", choices=["auto", "hub", "debian"], default="auto")
    parser.add_argument("--every", type=int, default=3, help="1: all of the catalogue")
    asked = parser.parse_args()
    experiments = catalogue.load()[:: asked.every]
    try:
        environment = ready(asked.bases)
    except StartlabError as error:
        print(f"not measured: {error}")
        return
    lab_s = lab(asked.bases, experiments)
    hand_s, cells = by_hand(environment, experiments)
    print(
        f"{cells} cells of {environment.name}, one at a time: a loop of docker run {hand_s:.0f} s, "
        f"startlab lab {lab_s:.0f} s, {hand_s / lab_s:.1f} times faster"
    )


if __name__ == "__main__":
    main()

"""How long a hang takes to see: from the time that the program records to the verdict.

Runs the programs of `tests/agent/dead` under the agent, those with threads that poll too, on every
interpreter of the host, or those of `--env`, and in every image that a default run has. Prints the
median, the 95th percentile, the maximum, what took longest, and every hang that was not seen.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from startlab import catalogue
from startlab.backends.docker.backend import DockerBackend
from startlab.backends.docker.containers import CONTENT, PY_SPY, Content
from startlab.backends.docker.images import BuildOptions
from startlab.backends.native import NativeBackend
from startlab.backends.py_spy import py_spy
from startlab.errors import StartlabError
from startlab.model import Environment, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from startlab.backends import Backend

DEAD = Path(__file__).parents[1] / "tests" / "agent" / "dead"
LIMIT_S = 10.0


def note(program: Path, key: str) -> str | None:
    """Read a key from the first lines of a program: `# key: value`."""
    for line in program.read_text("utf-8").splitlines():
        if line.startswith(f"# {key}: "):
            return line.partition(": ")[2]
    return None


def wanted(program: Path, environment: Environment) -> bool:
    """Return whether a program runs there."""
    needs = note(program, "needs")
    return needs is None or environment.python in SpecifierSet(f">={needs}")


def measure(
    backend: Backend,
    environments: Iterable[object],
    folder: str,
    place_of: Callable[[Environment], tuple[str, Callable[[], float | None]]],
    *,
    here: bool,
) -> dict[str, float]:
    """Run every program in every environment; return the latencies in seconds.

    Only `here`, on the host, there is a place beside the job for what removes what programs leave.
    """
    found = {}
    for environment in environments:
        if not isinstance(environment, Environment):
            print(f"left out: {environment}")
            continue
        with closing(backend.agent(environment)) as agent:
            for program in sorted(DEAD.glob("*.py")):
                # A trial ends with its program, whatever it leaves behind.
                if program.stem == "orphan" or not wanted(program, environment):
                    continue
                removes = "# outside\n" in program.read_text("utf-8")
                if removes and not here:
                    continue
                place, stamp = place_of(environment)
                argv = (environment.executable, f"{folder}/{program.name}", place)
                if removes:
                    subprocess.run([*argv, "outside"], check=True)
                seen = agent.run(Request(argv=argv, method=None, timeout_s=LIMIT_S))
                stamped = stamp()
                what = f"{program.stem} on {environment.name}"
                if seen.ended in ("proof", "rounds") and stamped is not None:
                    found[what] = seen.began_s + seen.duration_s - stamped
                else:
                    print(f"{what}: {seen.ended}: {seen.obstacle or seen.stderr.text()[-200:]}")
    return found


def show(where: str, found: dict[str, float]) -> None:
    """Print the distribution."""
    if not found:
        print(f"{where}: nothing measured")
        return
    latencies = list(found.values())
    twentieths = statistics.quantiles(latencies, n=20) if len(latencies) > 1 else latencies
    print(
        f"{where}: {len(latencies)} hangs seen: median "
        f"{statistics.median(latencies) * 1e3:.0f} ms, 95 % {twentieths[-1] * 1e3:.0f} ms, "
        f"maximum {max(latencies) * 1e3:.0f} ms ({max(found, key=found.__getitem__)})"
    )


def natively(names: list[str]) -> None:
    """Measure on the host's interpreters."""
    with tempfile.TemporaryDirectory() as folder, closing(NativeBackend()) as backend:

        def place_of(_: Environment) -> tuple[str, Callable[[], float | None]]:
            place = Path(tempfile.mkdtemp(dir=folder))
            return str(place), lambda: read(place / "stamp")

        environments = backend.environments(names)
        show("native", measure(backend, environments, str(DEAD), place_of, here=True))


def read(stamp: Path) -> float | None:
    """Read a time stamp, if there is one."""
    return float(stamp.read_text("utf-8")) if stamp.exists() else None


def in_containers(bases: str) -> None:
    """Measure in the images of a default run."""
    package = catalogue.ROOT.parent
    folders = {"agent": package / "agent", "dead": DEAD}
    if (spy := py_spy()) is not None:
        folders[PY_SPY] = Path(spy)
    options = BuildOptions(bases=bases)  # type: ignore[arg-type]
    content = Content.of(folders)
    number = 0
    with closing(DockerBackend(content=content, say=print, options=options)) as backend:

        def place_of(environment: Environment) -> tuple[str, Callable[[], float | None]]:
            nonlocal number
            number += 1
            place = f"/tmp/place-{number}"  # noqa: S108 - in the container

            def shell(command: str) -> str:
                with closing(backend.execute(environment, ["sh", "-c", command])) as stream:
                    return stream.read_line().decode().strip()

            def stamp() -> float | None:
                said = shell(f"cat {place}/stamp; echo")
                return float(said) if said else None

            shell(f"mkdir {place}; echo")
            return place, stamp

        environments = backend.environments(())
        show("containers", measure(backend, environments, f"{CONTENT}/dead", place_of, here=False))


def main() -> None:
    """Measure where it can be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bases", choices=["auto", "hub", "debian"], default="auto")
    parser.add_argument("--env", action="append", help="of the host, instead of all and images")
    asked = parser.parse_args()
    natively(asked.env or [])
    if asked.env:
        return
    try:
        in_containers(asked.bases)
    except StartlabError as error:
        print(f"not in containers: {error}")


if __name__ == "__main__":
    main()

"""Run slow but living programs under the agent, on an overloaded machine: no proof may be found.

The programs are those of `tests/agent/alive`, each with a different thing that may wake it, on
every interpreter of the host. Prints every false proof, and exits with 1 if there was one. Run by
`nox -s soak [-- --trials N]`.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from startlab.backends import interpreters
from startlab.backends.native import NativeBackend
from startlab.judge import waiting
from startlab.model import Request

if TYPE_CHECKING:
    from startlab.backends import Agent
    from startlab.model import Environment, Observation

AT_ONCE = 8  # most of the programs sleep most of the time
LIMIT_S = 60.0


def load_programs() -> Any:
    """Import the tests of the prover, which know what each program needs."""
    path = Path(__file__).parent / "agent" / "proof" / "test_proof.py"
    spec = importlib.util.spec_from_file_location("test_proof", path)
    if spec is None or spec.loader is None:
        raise AssertionError(f"{path} is a module")
    module = importlib.util.module_from_spec(spec)
    sys.modules["test_proof"] = module
    spec.loader.exec_module(module)
    return module


def run(agent: Agent, program: Any, environment: Environment) -> Observation:
    """Run one living program, with whoever wakes it from outside."""
    python = environment.executable
    outside = None
    with tempfile.TemporaryDirectory(prefix="startlab-soak-") as place:
        if program.note("outside"):
            outside = subprocess.Popen([python, str(program.path), place, "outside"])
        try:
            request = Request(
                argv=(python, str(program.path), place), method=None, timeout_s=LIMIT_S
            )
            return agent.run(request)
        finally:
            if outside is not None:
                outside.kill()
                outside.wait()


def main() -> None:
    """Soak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=3000)
    parser.add_argument("--busy", type=int, default=os.cpu_count(), help="processes that only load")
    asked = parser.parse_args()
    tests = load_programs()
    # Somebody who types is the business of the tests' own agent; what lives by what a proof may
    # assume not to be may be called dead.
    programs = [
        each
        for name in tests.programs("alive")
        if not (each := tests.Program("alive", name)).note("(stdin|assumes: .*)")
    ]
    cells = [
        (program, environment)
        for environment in interpreters.find()
        for program in programs
        if program.runs_on(
            f"{Version(environment.python).major}.{Version(environment.python).minor}"
        )
    ]
    todo: queue.SimpleQueue[tuple[Any, Environment]] = queue.SimpleQueue()
    for cell in itertools.islice(itertools.cycle(cells), asked.trials):
        todo.put(cell)
    seen: Counter[str] = Counter()
    false: list[str] = []
    load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(asked.busy)]

    def work() -> None:
        with closing(NativeBackend().agent(cells[0][1])) as agent:
            while True:
                try:
                    program, environment = todo.get_nowait()
                except queue.Empty:
                    return
                observation = run(agent, program, environment)
                seen[observation.ended] += 1
                if observation.ended in ("proof", "rounds"):
                    rounds = observation.ended == "rounds"
                    why = waiting.goes_round(observation) if rounds else waiting.hang(observation)
                    false.append(f"{program.name} on {environment.name}: {why}")
                    print(f"FALSE PROOF: {false[-1]}", flush=True)
                elif observation.ended != "exit" or observation.exit_status != 0:
                    print(
                        f"{program.name} on {environment.name}: {observation.ended}, exit status "
                        f"{observation.exit_status}: {observation.stderr.text()[-300:]}",
                        flush=True,
                    )

    began = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for process in load:
            process.kill()
            process.wait()
    print(
        f"{len(programs)} programs, {len(cells)} cells, {sum(seen.values())} trials in "
        f"{time.monotonic() - began:.0f} s: {dict(seen)}; {len(false)} false proofs"
    )
    sys.exit(bool(false))


if __name__ == "__main__":
    main()

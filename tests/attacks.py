"""Run each program that attacks the proof once, and print what was to come of it and what came.

The programs are those of `tests/agent/alive` and `tests/agent/dead`: by default the ones that
`KNOWN_WRONG` of `tests/agent/proof/test_proof.py` lists, else those whose names are given.

    python tests/attacks.py [--all] [--python 3.11] [--limit S] [--json FILE] [alive/NAME ...]
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.version import Version

from startlab.backends import interpreters
from startlab.backends.native import NativeBackend
from startlab.judge import waiting
from startlab.model import Request

if TYPE_CHECKING:
    from startlab.backends import Agent
    from startlab.model import Environment, Observation


class Row(NamedTuple):
    """What was to come of a program and what came; `after_s`, of a dead one, after its stamp."""

    program: str
    expected: str
    ended: str
    grade: str
    right: bool
    after_s: float | None
    reason: str


def run(agent: Agent, program: Any, environment: Environment, limit_s: float) -> Row:
    """Run a program, with its part outside."""
    python, outside = environment.executable, None
    with tempfile.TemporaryDirectory(prefix="startlab-attack-") as place:
        if program.note("outside"):
            outside = subprocess.Popen([python, str(program.path), place, "outside"])
        try:
            argv = (python, str(program.path), place)
            seen = agent.run(Request(argv=argv, method=None, timeout_s=limit_s))
        finally:
            if outside is not None:
                outside.kill()
                outside.wait()
        stamp = Path(place, "stamp")
        died = float(stamp.read_text()) if stamp.exists() else seen.began_s
    alive = program.kind == "alive"
    grade = seen.grade or ""
    if alive:
        assumption = program.note("assumes: (.*)")
        expected = f"alive, or assumes: {assumption}" if assumption else "alive"
        right = (seen.ended == "exit" and seen.exit_status == 0) or (
            seen.ended == "proof" and assumption in map(waiting.ASSUMPTIONS.get, seen.assumptions)
        )
    else:
        expected = program.verdict(short(environment))
        right = grade == expected.partition(",")[0]
    skipped = next(
        (line for line in seen.stdout.text().splitlines() if line.startswith("skipped: ")), ""
    )
    failure = seen.stderr.text().strip().rpartition("\n")[2] if seen.exit_status else ""
    return Row(
        program=f"{program.kind}/{program.name}",
        expected=expected,
        ended=seen.ended,
        grade=grade,
        right=right,
        after_s=None if alive else seen.began_s + seen.duration_s - died,
        reason=skipped or _why(seen) or failure,
    )


def _why(seen: Observation) -> str:
    if seen.ended in ("proof", "rounds"):
        return waiting.goes_round(seen) if seen.ended == "rounds" else waiting.hang(seen)
    return waiting.obstacle(seen.obstacle) if seen.obstacle else ""


def short(environment: Environment) -> str:
    """Give the version of its Python as `needs:` has it."""
    version = Version(environment.python)
    return f"{version.major}.{version.minor}"


def main() -> None:
    """Attack."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="every program, not the wrong ones only")
    parser.add_argument("--python", default="3.11")
    parser.add_argument("--limit", type=float, default=10.0)
    parser.add_argument("--json", type=Path, help="write the rows there, too")
    parser.add_argument("programs", nargs="*")
    asked = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parent / "agent" / "proof"))
    tests: Any = importlib.import_module("test_proof")  # which knows what each program needs
    names = asked.programs or sorted(tests.KNOWN_WRONG)
    if asked.all:
        names = [f"{kind}/{name}" for kind in ("alive", "dead") for name in tests.every(kind)]
    (environment,) = (
        each for each in interpreters.find() if each.python.startswith(f"{asked.python}.")
    )
    rows = []
    with closing(NativeBackend().agent(environment)) as agent:
        for name in names:
            program = tests.Program(*name.split("/"))
            if not program.runs_on(short(environment)) or program.note("stdin"):
                continue
            row = run(agent, program, environment, asked.limit)
            rows.append(row)
            after = "" if row.after_s is None else f"{row.after_s:6.2f} s"
            print(
                f"{'right' if row.right else 'WRONG'} {row.program:45} {row.expected[:40]:40} "
                f"{row.ended:5} {row.grade:21} {after:8} {row.reason[:150]}",
                flush=True,
            )
    print(f"{len(rows)} programs on {environment.name}: {sum(not row.right for row in rows)} wrong")
    if asked.json:
        asked.json.write_text(json.dumps([row._asdict() for row in rows], indent=1))


if __name__ == "__main__":
    main()

"""Run a program, and have the cause of what is wrong with it looked for by experiment.

The programs are run natively, on the oldest Python that tells enough, and on a newer one. Most of
the tests are `wide`: others show what is like them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

import startlab
from startlab.backends import interpreters
from startlab.diagnosis import diagnose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Finding, Run

LINUX: Final = [
    pytest.mark.native,
    pytest.mark.targets,
    pytest.mark.skipif(sys.platform != "linux", reason="the programs hang, which is proven there"),
]


class Seen(NamedTuple):
    run: Run
    first: Finding

    def kinds(self) -> set[str]:
        """Name the kinds of aspect that were confirmed."""
        made = [each for each in self.run.experiments if each.confirmed]
        return {each.aspects[0].kind for each in made}


def explained(
    program: Path,
    tmp_path: Path,
    *methods: str,
    stdin: Path | None = None,
    pythons: Sequence[str] = ("host-3.12", "host-3.11"),
) -> Seen:
    """Run a program, or `-m package` in its folder, and find the cause of what is wrong."""
    there = {each.name for each in interpreters.find()}
    name = next((each for each in pythons if each in there), None)
    if name is None:
        pytest.skip(f"there is none of {pythons}")
    here = Path.cwd()
    os.chdir(program.parent)
    try:
        run = startlab.run(
            program.name.split(),
            environments=[name],
            methods=methods or ("fork", "spawn"),  # type: ignore[arg-type]
            backend="native",
            explain="full",
            stdin=stdin,
            folder=tmp_path / "run",
        )
    finally:
        os.chdir(here)
    findings = diagnose(run).findings
    assert findings
    return Seen(run, findings[0])

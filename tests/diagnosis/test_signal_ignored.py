"""A signal that a child has withstood, told from one that it was sent when it had ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from startlab.diagnosis.case import Case
from startlab.diagnosis.rules import signal_ignored
from startlab.diagnosis.source.sources import Sources
from startlab.model import Program, SignalSent, Start, Trial


@pytest.mark.parametrize(("exit_code", "expected"), [(-9, "p.py:3"), (0, None), (1, None)])
def test_a_child_that_ended_by_itself_has_withstood_no_signal(
    tmp_path: Path, exit_code: int, expected: str | None
) -> None:
    """As a pool's worker, which is sent one when the pool has what it wanted."""
    Path(tmp_path, "p.py").write_text(
        "import signal\ndef work():\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n", "utf-8"
    )
    program = Program(kind="script", name="p.py", target="p.py", root=str(tmp_path))
    trial = Trial(
        experiment="p.py", environment="host-3.12", method="spawn", trial=0, outcome="error",
        reason="", as_expected=False, expected=("ok",), exit_status=1,
        starts=(
            Start(pid=7, method="spawn", time_s=0.1, child=8, exit_code=exit_code, exit_s=0.3),
        ),
        clues=(SignalSent(number=15, child=8, where="p.py:9"),),
    )  # fmt: skip
    found = signal_ignored.find(Case(trial, Sources(program)))
    assert (found and found.where) == expected

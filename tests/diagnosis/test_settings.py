"""A setting that differs in children, and whether it can be why they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from startlab.diagnosis.case import Case
from startlab.diagnosis.rules import setting_differs
from startlab.diagnosis.source.sources import Sources
from startlab.model import ChangedSetting, Program, Trial

if TYPE_CHECKING:
    from pathlib import Path

    from startlab.model import Outcome, StartMethod

STDOUT = ChangedSetting(
    setting="sys.{0}", part="stdout", parent="a Log", child="an io.TextIOWrapper"
)


def trial(method: StartMethod, outcome: Outcome, *clues: ChangedSetting) -> Trial:
    return Trial(
        experiment="p.py", environment="host-3.12", method=method, trial=0, outcome=outcome,
        reason="", as_expected=False, expected=("ok",), exit_status=1, clues=clues,
    )  # fmt: skip


@pytest.mark.parametrize(("elsewhere", "is_cause"), [("ok", False), ("error", True)])
def test_a_setting_that_differs_where_all_is_well_is_no_cause(
    tmp_path: Path, elsewhere: Outcome, *, is_cause: bool
) -> None:
    program = Program(kind="script", name="p.py", target="p.py", root=str(tmp_path))
    others = [
        trial("fork", "ok"),
        trial("spawn", elsewhere, msgspec.structs.replace(STDOUT, count=2)),
    ]
    case = Case(trial("forkserver", "error", STDOUT), Sources(program), others=others)
    assert (setting_differs.suspect(case) is not None) == is_cause

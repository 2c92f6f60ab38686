"""A dump goes to others: it has no folder of the user's, no credentials and no long words."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from startlab.diagnosis.dump import shortened
from startlab.diagnosis.tree import explain
from startlab.model import Frame, Look, SeenThread, TreeProcess, TreeThread, Wait


@pytest.mark.skipif(sys.platform == "win32", reason="paths in a look are those of a Unix")
def test_what_is_written() -> None:
    home = str(Path.home())
    script = f"{home}/work/app.py"
    command = f"python {script} --password=hunter22 --db=postgres://me:hunter22@db/x {'a' * 200}"
    frame = Frame(file=script, line=1, function="<module>")
    thread = TreeThread(tid=1, wait=Wait(kind="lock"), stack=(frame,), own_depth=1)
    look = Look(
        processes=(TreeProcess(pid=1, ppid=0, command=command, cwd=home, threads=(thread,)),),
        seen=(SeenThread(pid=1, tid=1, dead=True),),
        top=1,
        sources={script: "lock.acquire()\n"},
    )
    short = shortened(look)
    said = repr(short)
    assert home + "/" not in said
    assert "hunter22" not in said
    assert "a" * 81 not in said
    before, after = explain(look), explain(short)
    assert after.locks == before.locks == {(1, 1): ".lock"}
    assert after.verdict == before.verdict

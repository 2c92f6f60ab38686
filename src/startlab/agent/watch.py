"""Watching a job for the proof that it hangs, and telling what its threads were in at the end."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Sequence

from .pollers import Stack, stacks
from .proof import Prover, Verdict

MOST_STACKS = 20


class Watch:
    """Looks at a job now and then until there is a proof."""

    _unable: Optional[str] = "prepare() was not called"

    @classmethod
    def prepare(cls) -> Optional[str]:
        """Try out once whether hangs can be proven here; give the reason if not."""
        cls._unable = Prover.available()
        return cls._unable

    def __init__(self, py_spy: str) -> None:
        self._py_spy = py_spy
        self._prover = Prover(os.getpid(), py_spy or None)
        self._proof: Optional[Verdict] = None
        self._looked = False

    def proves(self) -> bool:
        """Look once; tell whether the job can never go on. The first look is not worth it."""
        if self._unable is None and self._looked:
            self._proof = self._prover.look()
        self._looked = True
        return self._proof is not None

    def verdict(self, argv: Sequence[str], processes: List[Dict[str, Any]]) -> Dict[str, Any]:
        """Tell what every thread waits for and where, as fields of an `Observation`.

        Without a proof the reason is what stands in its way.
        """
        waiting = self._proof.threads if self._proof else self._prover.waits()
        found = {
            each["pid"]: stacks(self._py_spy, each["pid"]) if self._py_spy else []
            for each in processes[:MOST_STACKS]
        }
        for process in processes:
            process["threads"] = [
                {
                    "tid": each.tid,
                    "waits": each.waits,
                    "wakers": each.wakers,
                    **_stack_of(each.tid, process["pid"], found.get(process["pid"], [])),
                }
                for each in waiting
                if each.pid == process["pid"]
            ]
        if self._proof is None:
            return {"processes": processes, "reason": self._prover.blocker}
        pid, tid = self._proof.root
        return {
            "processes": processes,
            "grade": self._proof.grade,
            "reason": self._proof.cause,
            "where": _where(argv, _match(tid, pid, found.get(pid, []))),
            "assumptions": list(self._proof.assumptions),
        }


def _stack_of(tid: int, pid: int, found: Sequence[Stack]) -> Dict[str, Any]:
    stack = _match(tid, pid, found)
    if stack is None:
        return {}
    return {
        "name": stack.name,
        "stack": [
            {"file": frame.file, "line": frame.line, "function": frame.function}
            for frame in stack.frames
        ],
    }


def _match(tid: int, pid: int, found: Sequence[Stack]) -> Optional[Stack]:
    """Find the stack of a thread; py-spy does not always know which stack is whose."""
    for stack in found:
        if stack.tid == tid:
            return stack
    unknown = [stack for stack in found if stack.tid is None]
    if len(found) == 1 and unknown:
        return found[0]
    if tid == pid:
        return next((stack for stack in unknown if stack.name == "MainThread"), None)
    return None


def _where(argv: Sequence[str], stack: Optional[Stack]) -> Optional[str]:
    """Give the innermost line of the program's own folder, else of no library, as `file:line`."""
    if stack is None:
        return None
    folders = {os.path.dirname(arg) for arg in argv[1:] if arg.endswith(".py")}
    own = [frame for frame in stack.frames if os.path.dirname(frame.file) in folders]
    others = [f for f in stack.frames if "/lib/python" not in f.file and f.file[:1] != "<"]
    for frame in own + others:
        return "%s:%d" % (os.path.basename(frame.file), frame.line)
    return None

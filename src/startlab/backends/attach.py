"""Looking at a running tree through an agent, which reads what the kernel shows of it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from startlab.backends.py_spy import py_spy
from startlab.errors import AgentError, LookError, MovedError, NoProcessError
from startlab.model import Look, Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

BOOT: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from agent.attach.look import main; main(sys.argv[2])"
)
PACKAGE: Final = Path(__file__).parents[1]
"""What holds `agent`; `backends.native` has it too, and is slow to import."""

LONGEST_S: Final = 120.0
MACHINES: Final = ("x86_64", "aarch64")


class _Request(msgspec.Struct, frozen=True):
    pids: tuple[int, ...]
    asks: bool
    stacks: bool
    patience_s: float


class _Refused(msgspec.Struct, frozen=True):
    refused: Refusal


def look(
    pids: Sequence[int], *, asks: bool = False, stacks: bool = True, patience_s: float = 0.0
) -> Look:
    """Look at the tree around some processes; raise LookError where that may not be done."""
    if sys.platform != "linux" or platform.machine() not in MACHINES:
        raise LookError(
            "Only Linux on x86-64 or arm64 shows what a thread of another process waits for. On "
            "macOS and Windows, `py-spy dump --pid PID` shows its Python stacks."
        )
    request = msgspec.json.encode(_Request(tuple(pids), asks, stacks, patience_s)) + b"\n"
    argv = [sys.executable, "-I", "-c", BOOT, str(PACKAGE), py_spy() or ""]
    try:
        done = subprocess.run(
            argv, input=request, capture_output=True, timeout=LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise AgentError(f"The tree could not be read within {LONGEST_S:.0f} s.") from None
    try:
        said = msgspec.json.decode(done.stdout, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        told = done.stderr.decode(errors="replace").strip().splitlines() or ["no answer"]
        raise AgentError(f"The look at the tree failed: {told[-1]}.") from None
    if "refused" in said:
        raise _error(msgspec.json.decode(done.stdout, type=_Refused).refused)
    return msgspec.json.decode(done.stdout, type=Look)


def _error(refusal: Refusal) -> LookError | NoProcessError:
    pid = refusal.pid
    match refusal.kind:
        case "no such process":
            return NoProcessError(
                f"There is no process {pid} here, or it has ended. `startlab why --name PATTERN` "
                "lists those whose command line matches."
            )
        case "no python":
            return NoProcessError(
                f"Process {pid} and those below it run no Python. Name a process of the program."
            )
        case "moved":
            return MovedError("The tree changes faster than it can be read: it is alive.")
        case _:
            return LookError(_not_allowed(pid, refusal.error))


def _not_allowed(pid: int, error: str) -> str:
    """Say what it takes to look into a process, as a command that works."""
    if sys.platform != "win32" and os.getuid() != 0:
        import psutil  # slow

        whose = psutil.Process(pid).username()
        as_module = Path(sys.argv[0]).name == "__main__.py"
        command = f"{sys.executable} -m startlab" if as_module else sys.argv[0]
        return (
            f"Process {pid} of user {whose} may not be looked into ({error}): "
            f"run `sudo {command} why {pid}`."
        )
    return (
        f"Process {pid} may not be looked into ({error}), though this is root: here it lacks "
        "CAP_SYS_PTRACE. Look from the host, or run `docker run --pid=container:NAME "
        f"--network=container:NAME --cap-add=SYS_PTRACE IMAGE startlab why {pid}`."
    )

"""The smallest agent there is: run a program, look every 50 ms, tell as JSON what came of it.

    watch.py [--py-spy PATH] [--stdin-after S] [--read-after S] LIMIT_S PROGRAM ARG...

Runs wherever the agent runs: on 3.8 and newer, with the package's `src` on PYTHONPATH.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

assert sys.platform == "linux"  # the type checker skips this module elsewhere

from startlab.agent.proof import Members, Prover, Rounds, deadlock, facts, procfs  # noqa: E402 - Linux only

PERIOD_S = 0.05
JOIN_S = 5.0  # a process outside may hold the program's stdout
PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--py-spy")
    parser.add_argument("--stdin-after", type=float)
    parser.add_argument("--read-after", type=float, default=0.0)
    parser.add_argument("limit_s", type=float)
    parser.add_argument("argv", nargs=argparse.REMAINDER)
    asked = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    unavailable = Prover.available()
    if unavailable:
        raise SystemExit(str(unavailable))
    program = subprocess.Popen(
        asked.argv,
        stdin=subprocess.DEVNULL if asked.stdin_after is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    output: list[bytes] = []
    reader = threading.Thread(
        target=keep, args=(program.stdout, output, asked.read_after), daemon=True
    )
    reader.start()
    if asked.stdin_after is not None:
        threading.Timer(asked.stdin_after, type_something, (program.stdin,)).start()
    try:
        result = watch(program, asked.limit_s, asked.py_spy)
    finally:
        end_all()
    reader.join(JOIN_S)
    result["output"] = b"".join(output).decode(errors="replace")[-4000:]
    print(json.dumps(result))  # noqa: T201 - this is what it is for


def keep(stream: Any, output: list[bytes], after_s: float) -> None:
    time.sleep(after_s)
    with stream:
        while data := os.read(stream.fileno(), 1 << 16):
            output.append(data)


def type_something(stream: Any) -> None:
    stream.write(b"something\n")
    stream.close()


def watch(program: subprocess.Popen[bytes], limit_s: float, py_spy: str | None) -> dict[str, Any]:
    prover = Prover(Members([os.getpid()]), py_spy)
    rounds = Rounds(prover, py_spy)
    began = time.monotonic()
    costs: list[float] = []
    verdict = status = None
    blockers: list[Any] = []
    looked: list[float] = []
    while verdict is None and time.monotonic() - began < limit_s:
        time.sleep(PERIOD_S)
        looked.append(time.time())
        before = time.process_time()
        verdict = prover.look()
        costs.append(time.process_time() - before)
        verdict = verdict or rounds.look()
        if verdict is None:
            blocker = facts.plain(prover.blocker)
            if blocker not in blockers:
                blockers.append(blocker)
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, code = os.waitpid(-1, os.WNOHANG)
                if pid == program.pid:
                    status = program.returncode = code
                if pid == 0:
                    break
        if status is not None and not procfs.descendants(os.getpid(), procfs.everyone()):
            break
    at = time.time()
    return {
        "grade": verdict and verdict.grade,
        "ring": deadlock.find(verdict.threads) if verdict else (),
        "assumptions": verdict.assumptions if verdict else (),
        "threads": facts.plain(verdict.threads) if verdict else [],
        "survey": facts.plain(prover.waits()),
        "blockers": blockers,
        "at": at,
        "looked": looked,
        "status": status,
        "looks": len(costs),
        "wall_s": time.monotonic() - began,
        "cpu_s": sum(costs),
        "costs": costs,
    }


def end_all() -> None:
    """End the job; remove the semaphores that its resource tracker has no time to remove."""
    names = semaphores()
    kill_all()
    for path in names:
        path.unlink(missing_ok=True)


def semaphores() -> list[Path]:
    """Find what multiprocessing has named in shared memory and the job has mapped."""
    mapped = b""
    for pid in procfs.descendants(os.getpid(), procfs.everyone()):
        with contextlib.suppress(OSError):
            mapped += procfs.read(f"/proc/{pid}/maps")
    found = []
    for path in Path("/dev/shm").glob("sem.mp-*"):  # noqa: S108 - where they are
        with contextlib.suppress(FileNotFoundError):  # that of another program
            if b" %d " % path.stat().st_ino in mapped:
                found.append(path)
    return found


def kill_all() -> None:
    """End them all at once: one that outlives another may go on, and would write a stamp anew."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        found = procfs.descendants(os.getpid(), procfs.everyone())
        if not found:
            return
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)


if __name__ == "__main__":
    main()

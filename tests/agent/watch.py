"""The smallest agent there is: run programs, look every 50 ms, tell as JSON what came of each.

Reads one line for each program, the fields of `Asked` as JSON, and writes one. A program has an
agent of its own, a fork: to start an interpreter for each would take as long as most programs.

Runs wherever the agent runs: on 3.8 and newer, with the package's `src` on PYTHONPATH.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, NamedTuple

assert sys.platform == "linux"  # the type checker skips this module elsewhere

from startlab.agent.proof import Members, Prover, Rounds, deadlock, facts, procfs  # noqa: E402 - Linux only

PERIOD_S = 0.05
JOIN_S = 5.0  # a process outside may hold the program's stdout
PR_SET_CHILD_SUBREAPER = 36


class Asked(NamedTuple):
    """A program, its directory, and what happens at its ends after a while.

    Some programs wait so many `times` as long as they do by themselves.
    """

    argv: list[str]
    place: str
    limit_s: float
    py_spy: str | None = None
    times: int = 1
    stdin_after: float | None = None
    read_after: float = 0.0


def main() -> None:
    unavailable = Prover.available()
    if unavailable:
        raise SystemExit(str(unavailable))
    for line in sys.stdin:
        asked = Asked(**json.loads(line))
        pid = os.fork()
        if pid == 0:
            signal.alarm(int(asked.limit_s) + 30)
            try:
                told = run(asked)
            except BaseException:  # noqa: BLE001 - whoever asked is to see it
                told = {"failed": traceback.format_exc()}
            print(json.dumps(told), flush=True)  # noqa: T201 - this is what it is for
            os._exit(0)
        if os.waitpid(pid, 0)[1]:
            print(json.dumps({"failed": "it took too long"}), flush=True)  # noqa: T201 - as above


def run(asked: Asked) -> dict[str, Any]:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.environ.update(TMPDIR=asked.place, TIMES=str(asked.times))
    since = time.time()
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
        result = watch(program, since, asked.limit_s, asked.py_spy)
    finally:
        end_all()
        program.poll()
    reader.join(JOIN_S)
    result["output"] = b"".join(output).decode(errors="replace")[-4000:]
    return result


def keep(stream: Any, output: list[bytes], after_s: float) -> None:
    time.sleep(after_s)
    with stream:
        while data := os.read(stream.fileno(), 1 << 16):
            output.append(data)


def type_something(stream: Any) -> None:
    stream.write(b"something\n")
    stream.close()


def watch(
    program: subprocess.Popen[bytes], since: float, limit_s: float, py_spy: str | None
) -> dict[str, Any]:
    prover = Prover(Members([os.getpid()]), py_spy, since=since)
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
        if status is not None and not procfs.descendants([os.getpid()], procfs.everyone()):
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
    for pid in procfs.descendants([os.getpid()], procfs.everyone()):
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
        found = procfs.descendants([os.getpid()], procfs.everyone())
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

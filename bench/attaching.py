"""What `startlab why` costs, and what it does to the program that it looks at.

Looks at a tree of ten processes beside some hundred others, and prints the CPU time of the look
and of the whole command. Then two programs run beside another of their kind, while they are looked
at all the time, while the other one is, and while neither is: one that computes says how far it
gets in a second of its own, and one that sleeps for a millisecond again and again how late it
wakes.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import statistics
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress

from startlab.backends import attach
from startlab.errors import StartlabError

SLEEP = ("/bin/sleep", "600")
TEN = """
import multiprocessing, sys
def child(lock):
    lock.acquire()
if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    lock = context.Lock()
    lock.acquire()
    children = [context.Process(target=child, args=(lock,)) for _ in range(9)]
    for each in children:
        each.start()
    print("ready", flush=True)
    for each in children:
        each.join()
"""
COMPUTES = """
import sys, time
number, end = 0, time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    number += 1
print(number / time.process_time())
"""
SLEEPS = """
import sys, time
late, end = [], time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    began = time.monotonic()
    time.sleep(0.001)
    late.append((time.monotonic() - began) * 1e3 - 1)
late.sort()
print(late[len(late) * 99 // 100])
"""


def main() -> None:
    """Measure on the interpreter that runs this."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--others", type=int, default=500)
    parser.add_argument("--looks", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--pairs", type=int, default=5)
    asked = parser.parse_args()
    with ExitStack() as stack:
        for _ in range(asked.others):
            other = stack.enter_context(subprocess.Popen(SLEEP))
            stack.callback(other.kill)
        argv = [sys.executable, "-c", TEN]
        tree = stack.enter_context(
            subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True)
        )
        stack.callback(os.killpg, tree.pid, signal.SIGKILL)
        next(iter(tree.stdout or ()))
        looks = [attach.look([tree.pid]) for _ in range(asked.looks)]
        whole = [_cost_of_command(tree.pid) for _ in range(asked.looks)]
    here = statistics.median(each.cpu_s for each in looks)
    stacks = statistics.median(each.children_cpu_s for each in looks)
    processes = len(looks[0].processes)
    print(f"{processes} processes beside {asked.others}: {here:.2f} s, py-spy {stacks:.2f} s")
    print(f"the whole command: {statistics.median(whole):.2f} s of CPU time")
    programs = {"rounds in a second": COMPUTES, "ms late, at most (99 %)": SLEEPS}
    for name, program in programs.items():
        rows = [
            [_runs(program, asked.seconds, looked_at=each) for each in (0, 1, None)]
            for _ in range(asked.pairs)
        ]
        itself, other, neither = (statistics.median(each) for each in zip(*rows, strict=True))
        print(
            f"{name}: {itself:.4g} while it is looked at, {other:.4g} while the other one is, "
            f"{neither:.4g} while neither is"
        )


def _cost_of_command(pid: int) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    argv = [sys.executable, "-m", "startlab", "why", str(pid)]
    subprocess.run(argv, stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _runs(program: str, seconds: float, *, looked_at: int | None) -> float:
    """Run a program twice and give what the first one prints; meanwhile look at one of the two."""
    argv = [sys.executable, "-c", program, str(seconds)]
    over = threading.Event()

    def watch(pid: int) -> None:
        with suppress(StartlabError):  # it has ended meanwhile
            while not over.is_set():
                attach.look([pid])

    with (
        subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process,
        subprocess.Popen(argv, stdout=subprocess.DEVNULL) as other,
    ):
        watching = []
        if looked_at is not None:
            pid = (process.pid, other.pid)[looked_at]
            watching.append(threading.Thread(target=watch, args=(pid,)))
        for each in watching:
            each.start()
        said = next(iter(process.stdout or ()))
        over.set()
        for each in watching:
            each.join()
    return float(said)


if __name__ == "__main__":
    main()

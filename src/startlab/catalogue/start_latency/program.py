"""How long after start() does the first instruction of a child's target run?

As in pyperf, several fresh interpreters measure, each warms up first, and each prints all its
values, because values of one interpreter are more alike than those of different ones.
"""

from __future__ import print_function

import subprocess
import sys
import time
from multiprocessing import Pipe, Process

clock = getattr(time, "perf_counter", time.time)  # one clock for all processes; 2.7 has no other
INTERPRETERS = 3
STARTS = 2  # of each interpreter, after the first


def tell_time(pipe):
    pipe.send(clock())


def latency():
    """Start a process; return the milliseconds from the call to the first line of its target."""
    here, there = Pipe(False)
    process = Process(target=tell_time, args=(there,))
    called = clock()
    process.start()
    ran = here.recv()
    process.join()
    return (ran - called) * 1000


def measure():
    print("first start: %.3f ms" % latency())  # of the fork server too, where there is one
    print("later starts: %s ms" % " ".join("%.3f" % latency() for _ in range(STARTS)))


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        measure()
    else:
        for _ in range(INTERPRETERS):
            subprocess.check_call([sys.executable, __file__, "measure"])

"""A worker of a Pool is killed in the middle of its task."""

from __future__ import print_function

import os
import signal
from multiprocessing import Pool

SIGKILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has one way to kill


def crunch(number):
    os.kill(os.getpid(), SIGKILL)  # as the kernel does when memory runs out
    return number


if __name__ == "__main__":
    pool = Pool(1)
    print("the result is", pool.apply(crunch, (1,)))

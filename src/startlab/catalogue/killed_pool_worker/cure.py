"""A ProcessPoolExecutor notices that its worker is gone, and raises an exception."""

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

SIGKILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has one way to kill


def crunch(number):
    os.kill(os.getpid(), SIGKILL)
    return number


if __name__ == "__main__":
    with ProcessPoolExecutor(1) as executor:
        try:
            print("the result is", executor.submit(crunch, 1).result())
        except BrokenProcessPool:
            print("the worker was killed")

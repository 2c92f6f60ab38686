"""A program sets a signal handler and a warning filter, and starts a process."""

from __future__ import print_function

import signal
import warnings
from multiprocessing import Process


def on_terminate(number, frame):
    print("asked to end")


def report():
    print("the child has the signal handler:", signal.getsignal(signal.SIGTERM) == on_terminate)
    try:
        warnings.warn("the mode is not set")
    except UserWarning:
        print("the child takes warnings for errors: True")
    else:
        print("the child takes warnings for errors: False")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, on_terminate)
    warnings.simplefilter("error")
    process = Process(target=report)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

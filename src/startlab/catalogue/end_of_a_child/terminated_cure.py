"""A process turns SIGTERM into an exception, so that its finally clause runs."""

from __future__ import print_function

import signal
import sys
from multiprocessing import Event, Process


def leave(signal_number, frame):
    sys.exit(0)


def work(opened, done):
    signal.signal(signal.SIGTERM, leave)
    try:
        print("the child has opened a connection")
        opened.set()
        done.wait()
    finally:
        print("the child has closed its connection")


if __name__ == "__main__":
    opened, done = Event(), Event()
    process = Process(target=work, args=(opened, done))
    process.start()
    opened.wait()
    process.terminate()
    process.join()
    print("the child ended with exit code", process.exitcode)

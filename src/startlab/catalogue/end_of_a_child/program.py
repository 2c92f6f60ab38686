"""A process registers a function to run at its exit."""

from __future__ import print_function

import atexit
import sys
from multiprocessing import Process


def close_connection():
    print("the child has closed its connection")
    sys.stdout.flush()


def work():
    atexit.register(close_connection)
    print("the child has opened a connection")


if __name__ == "__main__":
    process = Process(target=work)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

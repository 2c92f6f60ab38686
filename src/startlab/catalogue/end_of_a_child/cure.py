"""The function is registered with multiprocessing, which runs it at the end of every child."""

from __future__ import print_function

import sys
from multiprocessing import Process, util


def close_connection():
    print("the child has closed its connection")
    sys.stdout.flush()


def work():
    util.Finalize(None, close_connection, exitpriority=10)
    print("the child has opened a connection")


if __name__ == "__main__":
    process = Process(target=work)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

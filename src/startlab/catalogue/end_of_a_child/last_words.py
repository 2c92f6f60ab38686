"""A function that runs at the end of the child prints, and does not flush."""

from __future__ import print_function

from multiprocessing import Process, util


def close_connection():
    print("the child has closed its connection")


def work():
    util.Finalize(None, close_connection, exitpriority=10)
    print("the child has opened a connection")


if __name__ == "__main__":
    process = Process(target=work)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

"""A program that ends sends its report from a process that it starts at exit."""

from __future__ import print_function

import atexit
import sys
from multiprocessing import Process


def send_report():
    print("the report is sent")


def report():
    process = Process(target=send_report)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)


if __name__ == "__main__":
    atexit.register(report)
    print("the program is done")
    sys.stdout.flush()

"""Sending the report is the last thing that the program does, before it ends."""

from __future__ import print_function

import sys
from multiprocessing import Process


def send_report():
    print("the report is sent")


def report():
    process = Process(target=send_report)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)


def work():
    print("the program is done")
    sys.stdout.flush()  # starting a process does it on Unix only


if __name__ == "__main__":
    try:
        work()
    finally:
        report()

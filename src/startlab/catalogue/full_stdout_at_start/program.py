"""A program captures its own output in a pipe, and starts a process while the pipe is full."""

from __future__ import print_function

import os
import sys
import threading
from multiprocessing import Process

REPORT = "a line of the report\n" * 20000  # far more than a pipe holds
GREETING = "the child has printed\n"


def print_report():
    print(REPORT, end="")
    sys.stdout.flush()


def greet():
    print(GREETING, end="")


if __name__ == "__main__":
    stdout = os.dup(1)
    reader, writer = os.pipe()
    os.dup2(writer, 1)
    os.close(writer)
    thread = threading.Thread(target=print_report)
    thread.start()
    caught = len(os.read(reader, 1))  # the thread is printing, and is stuck until more is read
    process = Process(target=greet)
    process.start()
    while caught < len(REPORT + GREETING):
        caught += len(os.read(reader, 65536))
    thread.join()
    process.join()
    os.dup2(stdout, 1)
    print("caught %d bytes" % caught)
    print("the child ended with exit code", process.exitcode)

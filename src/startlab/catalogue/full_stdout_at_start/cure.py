"""A thread that does nothing else reads the pipe, whatever the program does."""

from __future__ import print_function

import os
import sys
import threading
from multiprocessing import Process

REPORT = "a line of the report\n" * 20000  # far more than a pipe holds
GREETING = "the child has printed\n"
caught = []


def print_report():
    print(REPORT, end="")
    sys.stdout.flush()


def greet():
    print(GREETING, end="")


def catch(reader, printing):
    while sum(caught) < len(REPORT + GREETING):
        caught.append(len(os.read(reader, 65536)))
        printing.set()


if __name__ == "__main__":
    stdout = os.dup(1)
    reader, writer = os.pipe()
    os.dup2(writer, 1)
    os.close(writer)
    printing = threading.Event()
    catcher = threading.Thread(target=catch, args=(reader, printing))
    catcher.start()
    thread = threading.Thread(target=print_report)
    thread.start()
    printing.wait()
    process = Process(target=greet)
    process.start()
    process.join()
    thread.join()
    catcher.join()
    os.dup2(stdout, 1)
    print("caught %d bytes" % sum(caught))
    print("the child ended with exit code", process.exitcode)

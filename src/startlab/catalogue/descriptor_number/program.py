"""A program passes a process the number of a file descriptor to read from."""

from __future__ import print_function

import os
import sys
from multiprocessing import Process

NUMBER = 200  # far above those that a child opens by itself


def read(number):
    print("the child has read", os.read(number, 100).decode())


if __name__ == "__main__":
    reader, writer = os.pipe()
    os.dup2(reader, NUMBER)  # inheritable, according to PEP 446
    os.write(writer, b"a line of the log")
    process = Process(target=read, args=(NUMBER,))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
    sys.exit(process.exitcode)

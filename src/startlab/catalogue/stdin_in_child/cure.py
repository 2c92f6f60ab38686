"""The parent asks and passes the answer to the process."""

from __future__ import print_function

import os
import sys
from multiprocessing import Process

try:
    ask = raw_input  # 2.7
except NameError:
    ask = input


def delete(name, answer):
    print(name, "is deleted" if answer == "yes" else "stays")


def type_in(text):
    """Make the program's stdin return a text, as `echo yes | python program.py` does."""
    read, write = os.pipe()
    os.write(write, text)
    os.close(write)
    os.dup2(read, 0)
    os.close(read)


if __name__ == "__main__":
    type_in(b"yes\n")
    answer = ask("Delete report.txt? ")
    process = Process(target=delete, args=("report.txt", answer))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
    sys.exit(process.exitcode)

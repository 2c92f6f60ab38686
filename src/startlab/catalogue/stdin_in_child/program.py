"""A process asks the user, who has typed an answer."""

from __future__ import print_function

import os
import sys
from multiprocessing import Process

try:
    ask = raw_input  # 2.7
except NameError:
    ask = input


def confirm(name):
    answer = ask("Delete %s? " % name)
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
    process = Process(target=confirm, args=("report.txt",))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
    sys.exit(process.exitcode)

"""The function is outside the main guard, where every import of the script defines it."""

from __future__ import print_function

import sys
from multiprocessing import Process


def greet(name):
    print("hello", name)


if __name__ == "__main__":
    process = Process(target=greet, args=("world",))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
    sys.exit(process.exitcode)

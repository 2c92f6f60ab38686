"""The start method is chosen under the main guard, once, by the program alone."""

from __future__ import print_function

import multiprocessing
import sys


def greet(name):
    print("hello", name)


if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    process = multiprocessing.Process(target=greet, args=("world",))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
    sys.exit(process.exitcode)

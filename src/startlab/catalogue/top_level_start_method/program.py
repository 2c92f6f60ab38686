"""The start method is chosen in the first lines of the script, outside the main guard."""

from __future__ import print_function

import multiprocessing
import sys

multiprocessing.set_start_method(sys.argv[1])


def greet(name):
    print("hello", name)


if __name__ == "__main__":
    process = multiprocessing.Process(target=greet, args=("world",))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
    sys.exit(process.exitcode)

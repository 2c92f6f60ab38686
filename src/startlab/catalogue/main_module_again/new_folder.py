"""A script makes the folder of its results when it begins, and starts a process."""

from __future__ import print_function

import os
import sys
from multiprocessing import Process

os.mkdir("results")


def work():
    pass


if __name__ == "__main__":
    process = Process(target=work)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
    sys.exit(process.exitcode)

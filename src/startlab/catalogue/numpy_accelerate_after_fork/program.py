"""A program multiplies matrices, which Accelerate does for numpy, and so does its child."""

from __future__ import print_function

import sys
from multiprocessing import Process

import numpy

SIZE = 1200  # large enough for Accelerate to use its threads


def multiply():
    matrix = numpy.ones((SIZE, SIZE))
    return float(matrix.dot(matrix)[0, 0])


def work():
    print("the child's product is", multiply())


if __name__ == "__main__":
    print("the parent's product is", multiply())
    sys.stdout.flush()
    process = Process(target=work)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
    sys.exit(0 if process.exitcode == 0 else 1)

"""The parent multiplies nothing before its children have been started."""

from __future__ import print_function

import sys
from multiprocessing import Process

SIZE = 1200


def multiply():
    import numpy

    matrix = numpy.ones((SIZE, SIZE))
    return float(matrix.dot(matrix)[0, 0])


def work():
    print("the child's product is", multiply())


if __name__ == "__main__":
    process = Process(target=work)
    process.start()
    process.join()
    print("the parent's product is", multiply())
    print("the child ended with exit code", process.exitcode)
    sys.exit(0 if process.exitcode == 0 else 1)

"""A command-line program, packed into an executable with its own interpreter."""

from __future__ import print_function

import argparse
import sys
from multiprocessing import Process

import executable


def greet(name):
    print("hello", name)


if __name__ == "__main__":
    executable.be_one(__file__)
    parser = argparse.ArgumentParser(prog="greeter")
    parser.add_argument("--name", default="world")
    options = parser.parse_args()
    process = Process(target=greet, args=(options.name,))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

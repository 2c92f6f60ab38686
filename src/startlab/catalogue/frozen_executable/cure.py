"""The executable first checks whether it was started as a child."""

from __future__ import print_function

import argparse
from multiprocessing import Process, freeze_support

import executable


def greet(name):
    print("hello", name)


if __name__ == "__main__":
    executable.be_one(__file__)
    freeze_support()
    parser = argparse.ArgumentParser(prog="greeter")
    parser.add_argument("--name", default="world")
    options = parser.parse_args()
    process = Process(target=greet, args=(options.name,))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

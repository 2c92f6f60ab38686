"""The function is at module level, and gets its caller's variables as arguments."""

from __future__ import print_function

from functools import partial
from multiprocessing import Process


def greet(name):
    print("hello", name)


def greet_in_a_process(name):
    process = Process(target=partial(greet, name))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)


if __name__ == "__main__":
    greet_in_a_process("world")

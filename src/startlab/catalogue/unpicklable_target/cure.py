"""The target is a function of a module: a new process can import it by its name."""

from __future__ import print_function

from multiprocessing import Process


def greet():
    print("hello from the child")


if __name__ == "__main__":
    process = Process(target=greet)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

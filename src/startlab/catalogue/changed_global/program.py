"""The program sets a global at its start, as from a command line; its process reads the global."""

from __future__ import print_function

from multiprocessing import Process

language = "en"


def greet():
    print("the child's language is", language)


if __name__ == "__main__":
    language = "fr"
    process = Process(target=greet)
    process.start()
    process.join()
    print("the parent's language is", language)
    print("the child ended with exit code", process.exitcode)

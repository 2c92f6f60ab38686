"""The program sets a global when it starts, from its command line for example; a process reads it."""

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

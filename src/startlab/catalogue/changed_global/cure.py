"""The process gets what it needs as an argument."""

from __future__ import print_function

from multiprocessing import Process


def greet(language):
    print("the child's language is", language)


if __name__ == "__main__":
    language = "fr"
    process = Process(target=greet, args=(language,))
    process.start()
    process.join()
    print("the parent's language is", language)
    print("the child ended with exit code", process.exitcode)

"""A process is given a generator to iterate over."""

from __future__ import print_function

from multiprocessing import Process


def split(text):
    for word in text.split():
        yield word


def count(words):
    print("the child has counted", sum(1 for _ in words), "words")


if __name__ == "__main__":
    process = Process(target=count, args=(split("a text of five words"),))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

"""A process is given an open file to read."""

from __future__ import print_function

from multiprocessing import Process


def count(file):
    print("the child has counted", len(file.read().split()), "words")


if __name__ == "__main__":
    with open("words.txt", "w") as file:
        file.write("a text of five words")
    with open("words.txt") as file:
        process = Process(target=count, args=(file,))
        process.start()
        process.join()
    print("the child ended with exit code", process.exitcode)

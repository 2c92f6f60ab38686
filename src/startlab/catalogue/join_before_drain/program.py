"""A process puts a large result into a queue; the parent joins it before it gets the result."""

from __future__ import print_function

from multiprocessing import Process, Queue


def render(results):
    results.put("x" * 1000000)


if __name__ == "__main__":
    results = Queue()
    process = Process(target=render, args=(results,))
    process.start()
    process.join()
    print("the result has", len(results.get()), "characters")
    print("the child ended with exit code", process.exitcode)

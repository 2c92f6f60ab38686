"""The parent gets the result first, then joins the process."""

from __future__ import print_function

from multiprocessing import Process, Queue


def render(results):
    results.put("x" * 1000000)


if __name__ == "__main__":
    results = Queue()
    process = Process(target=render, args=(results,))
    process.start()
    print("the result has", len(results.get()), "characters")
    process.join()
    print("the child ended with exit code", process.exitcode)

"""A worker that has ended is started again."""

from __future__ import print_function

from multiprocessing import Process


def fetch(page):
    print("fetched", page)


if __name__ == "__main__":
    worker = Process(target=fetch, args=("/news",))
    for _ in range(2):
        worker.start()
        worker.join()
        print("the worker ended with exit code", worker.exitcode)

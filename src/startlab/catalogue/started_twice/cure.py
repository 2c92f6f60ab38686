"""Each start uses a new Process."""

from __future__ import print_function

import sys
from multiprocessing import Process


def fetch(page):
    print("fetched", page)


if __name__ == "__main__":
    for _ in range(2):
        worker = Process(target=fetch, args=("/news",))
        worker.start()
        worker.join()
        print("the worker ended with exit code", worker.exitcode)
        sys.stdout.flush()  # starting a process does it on Unix only

"""A lock comes from the context of fork; the process that uses it is started by the default."""

import multiprocessing
import sys


def append(lock):
    with lock:
        print("the child has the lock")


if __name__ == "__main__":
    lock = multiprocessing.get_context("fork").Lock()
    process = multiprocessing.Process(target=append, args=(lock,))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
    sys.exit(process.exitcode != 0)

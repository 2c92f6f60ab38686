"""The lock and the process that uses it come from the same context."""

import multiprocessing
import sys


def append(lock):
    with lock:
        print("the child has the lock")


if __name__ == "__main__":
    context = multiprocessing.get_context()
    lock = context.Lock()
    process = context.Process(target=append, args=(lock,))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
    sys.exit(process.exitcode != 0)

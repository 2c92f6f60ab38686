"""The lock is released before the process is started."""

from __future__ import print_function

from multiprocessing import Process
from threading import Lock

lock = Lock()


def use_the_lock():
    with lock:
        print("the child has taken the lock")


if __name__ == "__main__":
    with lock:
        process = Process(target=use_the_lock)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

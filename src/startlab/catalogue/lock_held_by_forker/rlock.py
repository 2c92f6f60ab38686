"""With an RLock the child is the owner: fork keeps the identity of the thread that forks."""

from __future__ import print_function

from multiprocessing import Process
from threading import RLock

lock = RLock()


def use_the_lock():
    with lock:
        print("the child has taken the lock")


if __name__ == "__main__":
    process = Process(target=use_the_lock)
    with lock:
        process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

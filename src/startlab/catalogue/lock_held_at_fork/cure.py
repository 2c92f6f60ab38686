"""The process is started first: there is no thread yet, and the lock is free."""

from __future__ import print_function

import threading
from multiprocessing import Process

lock = threading.Lock()


def use_the_lock():
    with lock:
        print("the child has taken the lock")


def hold_the_lock(taken, release):
    with lock:
        taken.set()
        release.wait()


if __name__ == "__main__":
    process = Process(target=use_the_lock)
    process.start()
    taken, release = threading.Event(), threading.Event()
    thread = threading.Thread(target=hold_the_lock, args=(taken, release))
    thread.start()
    taken.wait()
    process.join()  # the thread still holds the lock: the child's is another one
    release.set()
    thread.join()
    print("the child ended with exit code", process.exitcode)

"""A thread holds a lock while another thread starts a process that takes the same lock."""

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
    taken, release = threading.Event(), threading.Event()
    thread = threading.Thread(target=hold_the_lock, args=(taken, release))
    thread.start()
    taken.wait()
    process = Process(target=use_the_lock)
    process.start()
    release.set()  # this frees the parent's lock; a forked child has a copy of its own
    thread.join()
    process.join()
    print("the child ended with exit code", process.exitcode)

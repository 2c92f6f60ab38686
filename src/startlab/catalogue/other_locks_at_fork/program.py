"""A thread holds an RLock, a Condition or a Semaphore while a process is started that takes it."""

from __future__ import print_function

import sys
import threading
from multiprocessing import Process

locks = {
    "rlock": threading.RLock(),
    "condition": threading.Condition(),
    "semaphore": threading.Semaphore(),
}


def use_the_lock(kind):
    with locks[kind]:
        print("the child has taken it")


def hold_the_lock(kind, taken, release):
    with locks[kind]:
        taken.set()
        release.wait()


if __name__ == "__main__":
    kind = sys.argv[1]
    taken, release = threading.Event(), threading.Event()
    thread = threading.Thread(target=hold_the_lock, args=(kind, taken, release))
    thread.start()
    taken.wait()
    process = Process(target=use_the_lock, args=(kind,))
    process.start()
    release.set()  # this frees the parent's; a forked child has a copy of its own
    thread.join()
    process.join()
    print("the child ended with exit code", process.exitcode)

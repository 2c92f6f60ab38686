"""The module that owns the lock gives every forked child a new one."""

from __future__ import print_function

import threading
from multiprocessing import Process, util


class Counter(object):
    def __init__(self):
        self.renew_lock()
        # os.register_at_fork (3.7) covers os.fork() too; this covers multiprocessing, 2.7 included.
        util.register_after_fork(self, Counter.renew_lock)

    def renew_lock(self):
        self.lock = threading.Lock()


counter = Counter()


def use_the_lock():
    with counter.lock:
        print("the child has taken the lock")


def hold_the_lock(taken, release):
    with counter.lock:
        taken.set()
        release.wait()


if __name__ == "__main__":
    taken, release = threading.Event(), threading.Event()
    thread = threading.Thread(target=hold_the_lock, args=(taken, release))
    thread.start()
    taken.wait()
    process = Process(target=use_the_lock)
    process.start()
    release.set()
    thread.join()
    process.join()
    print("the child ended with exit code", process.exitcode)

"""A forked child reinitializes the lock with the private method that the standard library uses."""

import os
import threading
from multiprocessing import Process

lock = threading.RLock()
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=lock._at_fork_reinit)


def use_the_lock():
    with lock:
        print("the child has taken it")


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
    release.set()
    thread.join()
    process.join()
    print("the child ended with exit code", process.exitcode)

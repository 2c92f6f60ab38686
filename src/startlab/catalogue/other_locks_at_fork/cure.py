"""The forking thread takes the lock before every fork, and both processes release their copy."""

import os
import threading
from multiprocessing import Process

lock = threading.RLock()
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(
        before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
    )


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
    if hasattr(os, "register_at_fork"):
        # What is registered last runs first: a fork has begun before the thread releases the lock.
        os.register_at_fork(before=release.set)
    process = Process(target=use_the_lock)
    process.start()
    release.set()  # where nothing was forked
    thread.join()
    process.join()
    print("the child ended with exit code", process.exitcode)

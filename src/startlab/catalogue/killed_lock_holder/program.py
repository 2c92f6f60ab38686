"""A process is killed while it holds a lock that it shares with its parent."""

from __future__ import print_function

import os
import signal
from multiprocessing import Event, Lock, Process

SIGKILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has one way to kill


def update(lock, locked, forever):
    with lock:
        locked.set()
        forever.wait()


if __name__ == "__main__":
    lock, locked, forever = Lock(), Event(), Event()
    process = Process(target=update, args=(lock, locked, forever))
    process.start()
    locked.wait()
    os.kill(process.pid, SIGKILL)  # as the kernel does when memory runs out
    process.join()
    with lock:
        print("the parent has the lock")

"""The service unlocks its file explicitly, instead of relying on close()."""

from __future__ import print_function

import fcntl
import os
from multiprocessing import Event, Process

PATH = "service.lock"


def lock():
    file = open(PATH, "w")
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def work(ready, stop):
    ready.set()
    stop.wait()


if __name__ == "__main__":
    file = lock()
    ready, stop = Event(), Event()
    process = Process(target=work, args=(ready, stop))
    process.start()
    ready.wait()
    fcntl.flock(file, fcntl.LOCK_UN)  # for every copy of the descriptor
    file.close()
    try:
        file = lock()
        print("the file is locked again")
    finally:
        stop.set()
        process.join()
        file.close()
        os.remove(PATH)

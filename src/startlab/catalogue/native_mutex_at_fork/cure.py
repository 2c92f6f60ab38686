"""A forked child gets a new mutex, as a C library arranges with pthread_atfork()."""

from __future__ import print_function

import ctypes
import threading
from multiprocessing import Process, util

libc = ctypes.CDLL(None)


class Library(object):
    def __init__(self):
        self.renew_mutex()
        util.register_after_fork(self, Library.renew_mutex)

    def renew_mutex(self):
        self.mutex = ctypes.create_string_buffer(128)
        libc.pthread_mutex_init(self.mutex, None)


library = Library()


def use_the_mutex():
    libc.pthread_mutex_lock(library.mutex)
    print("the child has taken the mutex")
    libc.pthread_mutex_unlock(library.mutex)


def hold_the_mutex(taken, release):
    libc.pthread_mutex_lock(library.mutex)
    taken.set()
    release.wait()
    libc.pthread_mutex_unlock(library.mutex)


if __name__ == "__main__":
    taken, release = threading.Event(), threading.Event()
    thread = threading.Thread(target=hold_the_mutex, args=(taken, release))
    thread.start()
    taken.wait()
    process = Process(target=use_the_mutex)
    process.start()
    release.set()
    thread.join()
    process.join()
    print("the child ended with exit code", process.exitcode)

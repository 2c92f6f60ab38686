"""A thread holds a native mutex, as a C library does, while another thread starts a process."""

from __future__ import print_function

import ctypes
import threading
from multiprocessing import Process

libc = ctypes.CDLL(None)
mutex = ctypes.create_string_buffer(128)  # a pthread_mutex_t is 40 bytes on Linux, 64 on macOS
libc.pthread_mutex_init(mutex, None)


def use_the_mutex():
    libc.pthread_mutex_lock(mutex)
    print("the child has taken the mutex")
    libc.pthread_mutex_unlock(mutex)


def hold_the_mutex(taken, release):
    libc.pthread_mutex_lock(mutex)
    taken.set()
    release.wait()
    libc.pthread_mutex_unlock(mutex)


if __name__ == "__main__":
    taken, release = threading.Event(), threading.Event()
    thread = threading.Thread(target=hold_the_mutex, args=(taken, release))
    thread.start()
    taken.wait()
    process = Process(target=use_the_mutex)
    process.start()
    release.set()  # this frees the parent's mutex; a forked child has a copy of its own
    thread.join()
    process.join()
    print("the child ended with exit code", process.exitcode)

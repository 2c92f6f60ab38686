"""A process is started while a library's thread runs, which Python does not know about."""

from __future__ import print_function

import ctypes
import warnings
from multiprocessing import Process

libc = ctypes.CDLL(None)


def greet():
    print("hello from the child")


if __name__ == "__main__":
    done = ctypes.create_string_buffer(64)  # a sem_t is 32 bytes
    libc.sem_init(done, 0, 0)
    thread = ctypes.c_ulong()
    libc.pthread_create(ctypes.byref(thread), None, libc.sem_wait, done)
    process = Process(target=greet)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        process.start()
    process.join()
    libc.sem_post(done)
    libc.pthread_join(thread, None)
    for warning in caught:
        print("warned:", warning.category.__name__)
    print("the child ended with exit code", process.exitcode)

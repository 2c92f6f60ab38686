"""A native library starts its worker thread when it is imported, and a process uses the library.

Accelerate, OpenBLAS and gRPC work like this: the thread is made by pthread_create(), Python does
not know about it, and each call of the library waits for that thread's answer.
"""

from __future__ import print_function

import ctypes
from multiprocessing import Process

libc = ctypes.CDLL(None)
Routine = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)


class Library(object):
    def __init__(self):
        self.request = ctypes.create_string_buffer(64)  # a sem_t is 32 bytes
        self.answer = ctypes.create_string_buffer(64)
        libc.sem_init(self.request, 0, 0)
        libc.sem_init(self.answer, 0, 0)
        self.routine = Routine(self.serve)
        thread = ctypes.c_ulong()
        if libc.pthread_create(ctypes.byref(thread), None, self.routine, None) != 0:
            raise RuntimeError("the worker thread could not be started")
        libc.sem_wait(self.answer)  # until the thread is there

    def serve(self, _):
        while True:
            libc.sem_post(self.answer)
            libc.sem_wait(self.request)

    def compute(self):
        libc.sem_post(self.request)
        libc.sem_wait(self.answer)


library = Library()


def use_the_library():
    library.compute()
    print("the child has its answer")


if __name__ == "__main__":
    library.compute()
    print("the parent has its answer")
    process = Process(target=use_the_library)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

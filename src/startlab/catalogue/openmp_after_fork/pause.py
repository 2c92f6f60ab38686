"""The parent ends the threads of OpenMP before it starts a process."""

from __future__ import print_function

import ctypes
from multiprocessing import Process

gomp = ctypes.CDLL("libgomp.so.1")
Region = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
OMP_PAUSE_SOFT = 1


def run_in_parallel():
    """Run a parallel region of four threads; give the numbers of the threads that ran it."""
    numbers = []
    region = Region(lambda _: numbers.append(gomp.omp_get_thread_num()))
    gomp.GOMP_parallel(region, None, 4, 0)
    return sorted(numbers)


def use_openmp():
    print("OpenMP threads in the child:", run_in_parallel())


if __name__ == "__main__":
    print("OpenMP threads in the parent:", run_in_parallel())
    gomp.omp_pause_resource_all(OMP_PAUSE_SOFT)
    process = Process(target=use_openmp)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

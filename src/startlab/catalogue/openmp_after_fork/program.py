"""Use OpenMP in a program, then in a process that the program starts, as numeric libraries do.

`#pragma omp parallel` compiles to a call of GOMP_parallel(), so that is what is called here.
"""

from __future__ import print_function

import ctypes
from multiprocessing import Process

gomp = ctypes.CDLL("libgomp.so.1")
Region = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


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
    process = Process(target=use_openmp)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

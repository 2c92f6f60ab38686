"""The parent leaves OpenMP to its children: a process that never used it can be forked."""

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


def use_openmp(who):
    print("OpenMP threads in the", who + ":", run_in_parallel())


if __name__ == "__main__":
    for who in "first child", "second child":
        process = Process(target=use_openmp, args=(who,))
        process.start()
        process.join()
        print("the", who, "ended with exit code", process.exitcode)

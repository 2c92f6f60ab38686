"""A pool of processes as large as the machine that the program was written on."""

from __future__ import print_function

from concurrent.futures import ProcessPoolExecutor

CORES = 64

if __name__ == "__main__":
    with ProcessPoolExecutor(max_workers=CORES):
        print("a pool may have", CORES, "workers")

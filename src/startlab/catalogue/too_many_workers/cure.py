"""A pool of processes that is small enough for every platform."""

from __future__ import print_function

from concurrent.futures import ProcessPoolExecutor

CORES = 64
MOST = 61  # what Windows can wait for at once, minus what the executor itself waits for

if __name__ == "__main__":
    with ProcessPoolExecutor(max_workers=min(CORES, MOST)):
        print("a pool may have", CORES, "workers, or", MOST)

"""A pool's task is given a lock, so that the tasks do not print at the same time."""

from __future__ import print_function

from multiprocessing import Lock, Pool


def append(lock, line):
    with lock:
        return "written: " + line


if __name__ == "__main__":
    pool = Pool(1)
    print(pool.apply(append, (Lock(), "a line")))
    pool.close()
    pool.join()

"""Every worker of the pool is given the lock once, when it is started."""

from __future__ import print_function

from multiprocessing import Lock, Pool


def keep(given):
    global lock
    lock = given


def append(line):
    with lock:
        return "written: " + line


if __name__ == "__main__":
    pool = Pool(1, keep, (Lock(),))
    print(pool.apply(append, ("a line",)))
    pool.close()
    pool.join()

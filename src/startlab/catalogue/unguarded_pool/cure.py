"""The same script under a main guard: a worker that imports it makes no pool."""

from __future__ import print_function

from multiprocessing import Pool


def square(number):
    return number * number


if __name__ == "__main__":
    pool = Pool(1)
    print("the squares are", list(pool.imap(square, [1, 2, 3])))
    pool.close()
    pool.join()

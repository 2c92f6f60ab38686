"""A script that maps a function over some numbers with a pool, and has no main guard."""

from __future__ import print_function

from multiprocessing import Pool


def square(number):
    return number * number


pool = Pool(1)
print("the squares are", list(pool.imap(square, [1, 2, 3])))
pool.close()
pool.join()

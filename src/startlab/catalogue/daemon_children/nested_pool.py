"""The worker of a pool makes a pool of its own."""

from __future__ import print_function

from multiprocessing import Pool


def square(number):
    return number * number


def sum_of_squares(numbers):
    pool = Pool(1)
    squares = pool.map(square, numbers)
    pool.close()
    pool.join()
    return sum(squares)


if __name__ == "__main__":
    pool = Pool(1)
    print("the sum of squares is", pool.apply(sum_of_squares, ([1, 2, 3],)))
    pool.close()
    pool.join()

"""The pool of a program, in a module of its own."""
from multiprocessing import Pool


def square(n):
    return n * n


# finds: unguarded_main hang forkserver spawn
pool = Pool(1)


def run(numbers):
    return pool.map(square, numbers)

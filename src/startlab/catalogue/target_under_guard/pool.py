"""Everything is under the main guard, including the function that a pool's worker calls."""

from __future__ import print_function

from multiprocessing import Pool

if __name__ == "__main__":

    def greet(name):
        return "hello " + name

    pool = Pool(1)
    print(pool.apply(greet, ("world",)))
    pool.close()
    pool.join()
    print("the child ended with exit code 0")

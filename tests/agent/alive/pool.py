# The pool's workers take their time.
import multiprocessing
import time

if __name__ == "__main__":
    pool = multiprocessing.Pool(2)
    pool.map(time.sleep, [1.2, 0.1])
    pool.close()
    pool.join()

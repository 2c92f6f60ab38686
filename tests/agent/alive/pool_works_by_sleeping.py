# A pool's workers do one short thing after the other, each of which is a sleep.
import multiprocessing
import time


def work(_):
    time.sleep(0.1)


if __name__ == "__main__":
    pool = multiprocessing.Pool(2)
    pool.map(work, range(120), 60)
    pool.close()
    pool.join()

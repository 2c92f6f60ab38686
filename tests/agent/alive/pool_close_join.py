# needs: 3
# A pool that waits for its last, slow task while it is closed.
import multiprocessing
import time

if __name__ == "__main__":
    pool = multiprocessing.Pool(3, maxtasksperchild=1)
    results = [pool.apply_async(time.sleep, (0.3,)) for _ in range(9)]
    pool.close()
    pool.join()

# needs: 3
# Up to 3.7: a pool's thread sleeps in its loop, for a lock, and another one only seems to poll.
import multiprocessing
import os
import sys
import threading
import time

if sys.version_info >= (3, 8):
    print("skipped: no such loop since 3.8")
    sys.exit(0)


def nap():
    for _ in range(5):
        time.sleep(0.7)
    os.write(write, b"x")


if __name__ == "__main__":
    read, write = os.pipe()
    lock = threading.Lock()
    lock.acquire()
    pool = multiprocessing.Pool(1)
    pool._maintain_pool = lock.acquire
    threading.Thread(target=nap).start()
    assert os.read(read, 1) == b"x"
    del pool._maintain_pool
    lock.release()
    pool.terminate()

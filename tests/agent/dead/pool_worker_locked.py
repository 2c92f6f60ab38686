# pollers: <3.8
# The worker of a pool waits for a lock that is never released.
import multiprocessing
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def begin(given):
    global lock
    lock = given


def work(_):
    last_words()
    lock.acquire()


if __name__ == "__main__":
    held = multiprocessing.Lock()
    held.acquire()
    multiprocessing.Pool(2, begin, (held,)).map(work, [1])

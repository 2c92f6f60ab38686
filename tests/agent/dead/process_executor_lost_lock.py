# needs: 3.7
# Both workers of a process pool wait for a lock held by the parent, which waits for them.
import concurrent.futures
import multiprocessing
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def begin(given):
    global lock
    lock = given


def work():
    last_words()
    lock.acquire()


if __name__ == "__main__":
    lock = multiprocessing.Lock()
    lock.acquire()
    with concurrent.futures.ProcessPoolExecutor(2, initializer=begin, initargs=(lock,)) as executor:
        executor.submit(work).result()

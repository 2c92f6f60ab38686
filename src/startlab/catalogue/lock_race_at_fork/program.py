"""A thread keeps statistics under a lock, and a process that reads them is started meanwhile.

Nothing synchronizes the two: whether the thread holds the lock at the fork is left to chance.
"""

from __future__ import print_function

import threading
from multiprocessing import Process

TEXT = "the quick brown fox jumps over the lazy dog " * 20
LETTERS = len(set(TEXT))
lock = threading.Lock()
totals = {}


def count(letters):
    for letter in TEXT:
        letters[letter] = letters.get(letter, 0) + 1


def keep_statistics(running, stop):
    running.set()
    while not stop.is_set():
        count({})  # of this page alone, which takes as long as what is done under the lock
        with lock:
            count(totals)


def read_statistics():
    with lock:
        consistent = len(totals) in (0, LETTERS)
    print("the child has read statistics that are whole:", consistent)


if __name__ == "__main__":
    running, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=keep_statistics, args=(running, stop))
    thread.start()
    running.wait()
    process = Process(target=read_statistics)
    process.start()
    stop.set()
    thread.join()
    process.join()
    print("the child ended with exit code", process.exitcode)

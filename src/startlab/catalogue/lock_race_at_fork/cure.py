"""The process is started before the thread, and is sent the statistics that it reads."""

from __future__ import print_function

import threading
from multiprocessing import Pipe, Process

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


def read_statistics(pipe):
    consistent = len(pipe.recv()) in (0, LETTERS)
    print("the child has read statistics that are whole:", consistent)


if __name__ == "__main__":
    here, there = Pipe()
    process = Process(target=read_statistics, args=(there,))
    process.start()
    running, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=keep_statistics, args=(running, stop))
    thread.start()
    running.wait()
    with lock:
        here.send(totals)
    stop.set()
    thread.join()
    process.join()
    print("the child ended with exit code", process.exitcode)

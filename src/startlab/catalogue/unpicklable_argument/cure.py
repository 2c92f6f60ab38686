"""The object leaves its lock out of its pickle and makes a new one where it arrives."""

from __future__ import print_function

import threading
from multiprocessing import Process


class Counter(object):
    def __init__(self, words):
        self.lock = threading.Lock()
        self.words = words

    def __reduce__(self):
        return Counter, (self.words,)

    def count(self):
        with self.lock:
            print("the child has counted", len(self.words), "words")


if __name__ == "__main__":
    counter = Counter("a text of five words".split())
    process = Process(target=counter.count)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

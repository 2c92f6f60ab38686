"""The target of a process is a method of an object that has a lock of threading."""

from __future__ import print_function

import threading
from multiprocessing import Process


class Counter(object):
    def __init__(self, text):
        self.lock = threading.Lock()
        self.words = text.split()

    def count(self):
        with self.lock:
            print("the child has counted", len(self.words), "words")


if __name__ == "__main__":
    counter = Counter("a text of five words")
    process = Process(target=counter.count)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

"""A process puts an item into a queue that cannot be pickled."""

from __future__ import print_function

from multiprocessing import Process, Queue


def find_matches(results):
    results.put(word for word in ("one", "two"))


if __name__ == "__main__":
    results = Queue()
    process = Process(target=find_matches, args=(results,))
    process.start()
    process.join()
    print("the parent learns:", list(results.get()))

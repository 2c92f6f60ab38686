"""A process puts into a queue what can be pickled: the words, and not the way to find them."""

from __future__ import print_function

from multiprocessing import Process, Queue


def find_matches(results):
    results.put([word for word in ("one", "two")])


if __name__ == "__main__":
    results = Queue()
    process = Process(target=find_matches, args=(results,))
    process.start()
    process.join()
    print("the parent learns:", list(results.get()))

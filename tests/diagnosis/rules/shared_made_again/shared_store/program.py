"""Shared things live in another module of the program."""
from multiprocessing import Process
import store


def produce(n):
    store.results.put(n * 10)


if __name__ == "__main__":
    jobs = [Process(target=produce, args=(n,)) for n in range(2)]
    for j in jobs:
        j.start()
    print(sorted(store.results.get() for _ in jobs))
    for j in jobs:
        j.join()

# trials: 2
"""Prints another number each time."""
import os
from multiprocessing import Process


def toss():
    print("tossed", int.from_bytes(b"always", "big"), flush=True)


if __name__ == "__main__":
    process = Process(target=toss)
    process.start()
    process.join()

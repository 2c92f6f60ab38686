# trials: 2
# finds: unstable_output differs fork forkserver spawn, at no line
"""Prints another number each time."""
import os
from multiprocessing import Process


def toss():
    print("tossed", int.from_bytes(os.urandom(6), "big"), flush=True)


if __name__ == "__main__":
    process = Process(target=toss)
    process.start()
    process.join()

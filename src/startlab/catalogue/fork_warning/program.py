"""A process is started while another thread runs; the program prints the warnings it gets."""

from __future__ import print_function

import threading
import warnings
from multiprocessing import Process


def greet():
    print("hello from the child")


if __name__ == "__main__":
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    process = Process(target=greet)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        process.start()
    process.join()
    done.set()
    thread.join()
    for warning in caught:
        print("warned:", warning.category.__name__)
    print("the child ended with exit code", process.exitcode)

"""A process is started while another thread runs, in a program that turns warnings into errors."""

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
    warnings.simplefilter("error")
    try:
        process.start()
    finally:
        done.set()
        thread.join()
    process.join()
    print("the child ended with exit code", process.exitcode)

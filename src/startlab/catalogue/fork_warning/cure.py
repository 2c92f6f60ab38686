"""The process is started before the thread, and warnings are errors."""

from __future__ import print_function

import threading
import warnings
from multiprocessing import Process


def greet():
    print("hello from the child")


if __name__ == "__main__":
    warnings.simplefilter("error", DeprecationWarning)
    process = Process(target=greet)
    process.start()
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    process.join()
    done.set()
    thread.join()
    print("the child ended with exit code", process.exitcode)

"""A process tells its thread when the work is over, and waits for it."""

from __future__ import print_function

import sys
import threading
from multiprocessing import Process


def close_connection(over):
    over.wait()
    print("the child has closed its connection")
    sys.stdout.flush()


def work():
    over = threading.Event()
    thread = threading.Thread(target=close_connection, args=(over,))
    thread.start()
    print("the child has opened a connection")
    over.set()
    thread.join()


if __name__ == "__main__":
    process = Process(target=work)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

"""A process that would clean up in a finally clause is terminated."""

from __future__ import print_function

import sys
from multiprocessing import Event, Process


def work(opened, done):
    try:
        print("the child has opened a connection")
        sys.stdout.flush()  # what is still in the buffer is lost with the process
        opened.set()
        done.wait()
    finally:
        print("the child has closed its connection")


if __name__ == "__main__":
    opened, done = Event(), Event()
    process = Process(target=work, args=(opened, done))
    process.start()
    opened.wait()
    process.terminate()
    process.join()
    print("the child ended with exit code", process.exitcode)

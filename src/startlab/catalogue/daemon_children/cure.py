"""The process is not a daemon, and its parent waits for it."""

from __future__ import print_function

import sys
from multiprocessing import Process


def greet():
    print("hello from the grandchild")


def supervise():
    worker = Process(target=greet)
    worker.start()
    worker.join()


if __name__ == "__main__":
    supervisor = Process(target=supervise)
    supervisor.start()
    supervisor.join()
    print("the child ended with exit code", supervisor.exitcode)
    sys.exit(supervisor.exitcode)

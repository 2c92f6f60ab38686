"""A daemon process starts a process of its own, in a program that is run by python -O."""

from __future__ import print_function

import subprocess
import sys
from multiprocessing import Process


def greet():
    print("hello from the grandchild")


def supervise():
    worker = Process(target=greet)
    worker.start()
    worker.join()


if __name__ == "__main__":
    if __debug__:
        sys.exit(subprocess.call([sys.executable, "-O", "-B", __file__]))
    supervisor = Process(target=supervise)
    supervisor.daemon = True
    supervisor.start()
    supervisor.join()
    print("the child ended with exit code", supervisor.exitcode)
    sys.exit(supervisor.exitcode)

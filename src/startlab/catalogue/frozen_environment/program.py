"""A program starts a process, then changes its environment, and starts another process."""

from __future__ import print_function

import os
from multiprocessing import Process


def do_nothing():
    pass


def report():
    print("the child's mode is", os.environ.get("REPORT_MODE"))
    mask = os.umask(0)
    os.umask(mask)
    print("the child's umask is %03o" % mask)


if __name__ == "__main__":
    first = Process(target=do_nothing)
    first.start()
    first.join()
    os.environ["REPORT_MODE"] = "strict"
    os.umask(0o117)
    second = Process(target=report)
    second.start()
    second.join()
    print("the children ended with exit codes", first.exitcode, second.exitcode)

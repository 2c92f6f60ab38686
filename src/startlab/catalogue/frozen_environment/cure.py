"""The process gets its settings as arguments and sets them up by itself."""

from __future__ import print_function

import os
from multiprocessing import Process


def do_nothing():
    pass


def report(mode, mask):
    os.environ["REPORT_MODE"] = mode
    os.umask(mask)
    print("the child's mode is", os.environ.get("REPORT_MODE"))
    mask = os.umask(0)
    os.umask(mask)
    print("the child's umask is %03o" % mask)


if __name__ == "__main__":
    first = Process(target=do_nothing)
    first.start()
    first.join()
    second = Process(target=report, args=("strict", 0o117))
    second.start()
    second.join()
    print("the children ended with exit codes", first.exitcode, second.exitcode)

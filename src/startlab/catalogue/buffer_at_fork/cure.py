"""The parent flushes before it starts a process, and the child before it ends."""

from __future__ import print_function

import io
import os
from multiprocessing import Process

PATH = "report.txt"
report = io.open(PATH, "a")


def write_body():
    report.write(u"the body\n")
    report.flush()


if __name__ == "__main__":
    report.write(u"the head\n")
    report.flush()
    process = Process(target=write_body)
    process.start()
    process.join()
    report.close()
    with io.open(PATH) as written:
        print(written.read(), end="")
    os.remove(PATH)
    print("the child ended with exit code", process.exitcode)

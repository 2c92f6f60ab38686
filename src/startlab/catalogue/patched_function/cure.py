"""What the process calls is an argument, so that a test can pass it a stub."""

from __future__ import print_function

import socket
from multiprocessing import Process


def stub():
    return "host-of-the-test"


def report(gethostname=socket.gethostname):
    print("the child has called the stub:", gethostname() == "host-of-the-test")


if __name__ == "__main__":
    process = Process(target=report, args=(stub,))
    process.start()
    process.join()
    print("the parent has called the stub:", stub() == "host-of-the-test")
    print("the child ended with exit code", process.exitcode)

"""A test replaces a function of a module with a stub, and its process calls the function."""

from __future__ import print_function

import socket
from multiprocessing import Process


def stub():
    return "host-of-the-test"


def report():
    print("the child has called the stub:", socket.gethostname() == "host-of-the-test")


if __name__ == "__main__":
    socket.gethostname = stub
    process = Process(target=report)
    process.start()
    process.join()
    print("the parent has called the stub:", socket.gethostname() == "host-of-the-test")
    print("the child ended with exit code", process.exitcode)

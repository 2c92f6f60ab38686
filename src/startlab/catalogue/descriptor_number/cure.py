"""A program gives a process an object that multiprocessing can send to another process."""

from __future__ import print_function

import sys
from multiprocessing import Pipe, Process


def read(reader):
    print("the child has read", reader.recv_bytes().decode())


if __name__ == "__main__":
    reader, writer = Pipe(duplex=False)
    writer.send_bytes(b"a line of the log")
    process = Process(target=read, args=(reader,))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
    sys.exit(process.exitcode)

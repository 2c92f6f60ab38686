"""A process leaves behind an object whose __del__() has something to do at the end."""

from __future__ import print_function

import sys
from multiprocessing import Process


class Connection(object):
    def __del__(self):
        print("the child has closed its connection")
        sys.stdout.flush()


def work():
    global connection
    connection = Connection()  # a global: it lives until the module ends
    print("the child has opened a connection")


if __name__ == "__main__":
    process = Process(target=work)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

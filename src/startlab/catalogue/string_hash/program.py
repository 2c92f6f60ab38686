"""A cache names its files after the hash of the address; a process looks for its parent's file."""

from __future__ import print_function

import os
from multiprocessing import Process


def cache_file(address):
    return "%016x.html" % (hash(address) & 0xFFFFFFFFFFFFFFFF)


def look_up(address):
    print("the child has found the page:", os.path.exists(cache_file(address)))


if __name__ == "__main__":
    address = "https://www.python.org"
    with open(cache_file(address), "w") as page:
        page.write("Welcome")
    process = Process(target=look_up, args=(address,))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)

"""The files of the cache are named after a hash that is the same in every process."""

from __future__ import print_function

import hashlib
import os
from multiprocessing import Process


def cache_file(address):
    return hashlib.sha256(address.encode()).hexdigest() + ".html"


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

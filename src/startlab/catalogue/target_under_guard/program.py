"""Everything is under the main guard, including the target of the process."""

from __future__ import print_function

import sys
from multiprocessing import Process

if __name__ == "__main__":

    def greet(name):
        print("hello", name)

    process = Process(target=greet, args=("world",))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
    sys.exit(process.exitcode)

"""A typical first script: it starts a process, and has no main guard."""

from __future__ import print_function

import sys
from multiprocessing import Process


def greet(name):
    print("hello", name)


process = Process(target=greet, args=("world",))
process.start()
process.join()
print("the child ended with exit code", process.exitcode)
sys.exit(process.exitcode)

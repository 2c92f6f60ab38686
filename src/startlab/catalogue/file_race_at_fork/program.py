"""A thread writes to a file or logs to it, and a process that does so too is started meanwhile.

Nothing synchronizes the two: what the thread is doing at the fork is left to chance.
"""

from __future__ import print_function

import logging
import sys
import threading
from multiprocessing import Process

journal = open("journal.txt", "a")
log = logging.getLogger("shop")
log.propagate = False
log.addHandler(logging.FileHandler("shop.log"))


def write_line(line):
    journal.write(line + "\n")
    journal.flush()


ways = {"write": write_line, "log": log.warning}


def work(running, stop, way):
    running.set()
    while not stop.is_set():
        ways[way]("a line of the thread")


def write_once(way):
    ways[way]("a line of the child")


if __name__ == "__main__":
    way = sys.argv[1]
    running, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=work, args=(running, stop, way))
    thread.start()
    running.wait()
    process = Process(target=write_once, args=(way,))
    process.start()
    stop.set()
    thread.join()
    process.join()
    print("the child ended with exit code", process.exitcode)

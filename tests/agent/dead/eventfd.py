# verdict: proven
# waits: main (1) and the child (2) for an eventfd that only they could raise
# Two processes read from an eventfd.
import ctypes
import os
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


fd = ctypes.CDLL(None).eventfd(0, 0)
if os.fork() == 0:
    last_words()
    os.read(fd, 8)  # (2)
os.read(fd, 8)  # (1)

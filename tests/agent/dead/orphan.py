# The program has ended; a child of it waits forever.
import os
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


read, write = os.pipe()
if os.fork() == 0:
    last_words()
    os.read(read, 1)
os._exit(0)

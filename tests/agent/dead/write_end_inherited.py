# The child reads to the end of a pipe whose write end it has inherited.
import os
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


read, write = os.pipe()
child = os.fork()
if child == 0:
    last_words()
    while os.read(read, 1):
        pass
    os._exit(0)
os.close(write)
os.waitpid(child, 0)

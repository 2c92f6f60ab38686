# A child has ended and is not waited for; the one that is never ends.
import os
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


if os.fork() == 0:
    os._exit(0)
read, write = os.pipe()
child = os.fork()
if child == 0:
    time.sleep(0.2)
    last_words()
    os.read(read, 1)
os.waitpid(child, 0)

# poll(2) on a pipe that only a child could write to, which waits for the parent.
import os
import select
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


read, write = os.pipe()
back, forth = os.pipe()
if os.fork() == 0:
    os.close(forth)
    os.read(back, 1)
    os._exit(0)
poll = select.poll()
poll.register(read, select.POLLIN)
last_words()
poll.poll()

# verdict: proven
# waits: main (1) for the child, and the child (2) for main: one of them would have to write
# Two processes read from a FIFO, which has lost its name: nobody else can open it any more.
import os
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


os.mkfifo(sys.argv[1] + "/fifo")
fd = os.open(sys.argv[1] + "/fifo", os.O_RDWR)
os.unlink(sys.argv[1] + "/fifo")
if os.fork() == 0:
    last_words()
    os.read(fd, 1)  # (2)
os.read(fd, 1)  # (1)

# verdict: proven, assuming that no process outside opens what the job waits for by its name or number
# waits: main (1) and the child (2) for a byte that only they could write
# Two processes read from a FIFO, both having it open for writing, too.
import os
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


os.mkfifo(sys.argv[1] + "/fifo")
fd = os.open(sys.argv[1] + "/fifo", os.O_RDWR)
if os.fork() == 0:
    last_words()
    os.read(fd, 1)  # (2)
os.read(fd, 1)  # (1)

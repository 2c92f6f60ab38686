# verdict: proven
# waits: main (1) for the child, which holds the file's lock; the child (2) for itself
# A process waits for a lock of a file (lockf), whose holder reads from a pipe of its own.
import fcntl
import os
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


fd = os.open(sys.argv[1] + "/file", os.O_RDWR | os.O_CREAT)
read_of_main, write_of_child = os.pipe()
if os.fork() == 0:
    fcntl.lockf(fd, fcntl.LOCK_EX)
    read, write = os.pipe()
    os.write(write_of_child, b"x")
    os.read(read, 1)  # (2)
os.read(read_of_main, 1)
last_words()
fcntl.lockf(fd, fcntl.LOCK_EX)  # (1)

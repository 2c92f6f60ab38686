# verdict: proven
# waits: main (1) for the first child, which waits as two others do (2) for the lock of main's file
# Three processes wait for the lock of one file, whose holder waits for them.
import fcntl
import os
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def take():
    fd = os.open(sys.argv[1] + "/file", os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_EX)  # (2)
    return fd


fd = take()
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        os.close(fd)
        last_words()
        take()
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)  # (1)

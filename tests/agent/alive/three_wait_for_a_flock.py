# Three processes wait for the lock of one file, and have it one after another.
import fcntl
import os
import sys
import time


def take():
    fd = os.open(sys.argv[1] + "/file", os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_EX)
    return fd


children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        take()
        time.sleep(0.7)
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)

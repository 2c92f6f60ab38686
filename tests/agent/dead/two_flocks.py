# verdict: proven
# waits: main (1) for the child, which holds the second file's lock, and the child (2) for main
# Two processes take the locks of two files (flock) in opposite order.
import fcntl
import os
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def take(name):
    fd = os.open(sys.argv[1] + "/" + name, os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_EX)


read_of_child, write_of_main = os.pipe()
read_of_main, write_of_child = os.pipe()
if os.fork() == 0:
    take("two")
    os.write(write_of_child, b"x")
    os.read(read_of_child, 1)
    last_words()
    take("one")  # (2)
take("one")
os.write(write_of_main, b"x")
os.read(read_of_main, 1)
take("two")  # (1)

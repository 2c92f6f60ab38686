# verdict: proven
# waits: main (1) polls an eventfd that only its child could raise, which waits (2) for another
# Native event loops are woken up by an eventfd, as those of Rust's tokio.
import ctypes
import os
import select
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


libc = ctypes.CDLL(None)
ours, theirs = libc.eventfd(0, 0), libc.eventfd(0, 0)
if os.fork() == 0:
    os.read(theirs, 8)  # (2)
epoll = select.epoll()
epoll.register(ours, select.EPOLLIN | select.EPOLLET)
last_words()
epoll.poll()  # (1)

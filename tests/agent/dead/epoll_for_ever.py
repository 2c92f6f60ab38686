# epoll_wait(2), with a negative timeout other than -1.
import os
import select
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


read, write = os.pipe()
epoll = select.epoll()
epoll.register(read, select.EPOLLIN)
last_words()
epoll.poll(-1)

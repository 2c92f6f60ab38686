# The clock wakes it: epoll_wait(2) with a timeout.
import os
import select

read, write = os.pipe()
epoll = select.epoll()
epoll.register(read, select.EPOLLIN)
assert epoll.poll(1.2) == []

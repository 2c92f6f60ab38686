# The descriptor that epoll names is an eventfd of our own by now; what it watches is a timerfd.
import ctypes
import os
import select

libc = ctypes.CDLL(None)
fd = libc.timerfd_create(1, 0)
kept = os.dup(fd)
spec = (ctypes.c_long * 4)(0, 0, 1, 200000000)
assert libc.timerfd_settime(fd, 0, ctypes.byref(spec), None) == 0
epoll = select.epoll()
epoll.register(fd, select.EPOLLIN)
os.dup2(libc.eventfd(0, 0), fd)
assert epoll.poll()

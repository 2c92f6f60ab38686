# The descriptor that epoll names is a pipe of our own by now; what it watches is a timerfd.
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
read, write = os.pipe()
os.dup2(read, fd)
assert epoll.poll()

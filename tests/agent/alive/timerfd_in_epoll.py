# A timerfd, watched by an epoll that waits forever, becomes readable.
import ctypes
import select

libc = ctypes.CDLL(None)
fd = libc.timerfd_create(1, 0)
spec = (ctypes.c_long * 4)(0, 0, 1, 200000000)
assert libc.timerfd_settime(fd, 0, ctypes.byref(spec), None) == 0
epoll = select.epoll()
epoll.register(fd, select.EPOLLIN)
assert epoll.poll()
